// How a process that serves asks the C library for memory.
#pragma once

namespace idiolect {

// From here on, blocks of 64 KiB and more, as a user's profile is, come from the system and go back to it. By default
// the C library keeps what a large block was freed from, in pieces too small for the next one: a cache of profiles that
// come and go takes up to half as much again as it holds. Costs some page faults for each such block.
void ReturnLargeBlocks();

}  // namespace idiolect
