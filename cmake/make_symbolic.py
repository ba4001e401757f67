"""Copies a 64-bit ELF shared library and sets DF_SYMBOLIC in the copy, so that the library resolves its symbols in itself first.

  make_symbolic.py FROM TO

Debian's libsentencepiece carries a protobuf of its own and exports it, under the names of the protobuf that libtorch and
gRPC use. In one process the two would answer each other's calls and crash before main. A library that is linked
«symbolic» keeps to itself; the flag is one bit of its dynamic section.
"""
import struct, sys

DT_NULL, DT_FLAGS, DF_SYMBOLIC, PT_DYNAMIC = 0, 30, 2, 2

elf = bytearray(open(sys.argv[1], "rb").read())
assert elf[:6] == b"\x7fELF\x02\x01", "expected a little-endian 64-bit ELF file"
(program_headers,), (size, count) = struct.unpack_from("<Q", elf, 32), struct.unpack_from("<HH", elf, 54)
for i in range(count):
    kind, _, at = struct.unpack_from("<IIQ", elf, program_headers + i * size)
    if kind == PT_DYNAMIC: break
else:
    sys.exit("no dynamic section")
while True:
    tag, value = struct.unpack_from("<QQ", elf, at)
    if tag == DT_NULL: sys.exit("no DT_FLAGS entry to set DF_SYMBOLIC in")
    if tag == DT_FLAGS: break
    at += 16
struct.pack_into("<Q", elf, at + 8, value | DF_SYMBOLIC)
open(sys.argv[2], "wb").write(elf)
