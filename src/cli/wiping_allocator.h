// Freed memory that holds nothing any more.
//
// What a user said passes through many hands that free their copies as they are: gRPC's buffers, protobuf's strings,
// SQLite's pages, the tokenizer. So that a core or a debugger finds nothing of a user who was forgotten, the program
// puts its own `free` before the C library's, which overwrites a block before it gives it back.
#pragma once

namespace idiolect {

// From here on, for the whole process; a block that was freed before stays as it is. Costs the time of writing each
// freed block once. Does nothing in a build with a sanitizer, which has an allocator of its own.
void WipeFreedMemory();

}  // namespace idiolect
