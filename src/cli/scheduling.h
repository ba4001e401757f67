// How the system shares the processors between the threads of a process that serves.
#pragma once

namespace idiolect {

// From here on, for this thread and those that it starts: a thread that wakes up, to read a call or to answer it, waits
// until an engine's turn on the core ends (some milliseconds) rather than interrupt it, unless a core is idle. With all
// cores busy calls are then read and answered several at a time, and engines lose less of their caches. Does nothing
// where the process was started with a policy other than the default one.
void PreferThroughput();

}  // namespace idiolect
