// Overwriting what a text may have left behind in memory.
#pragma once

#include <string>

namespace idiolect {

// The bytes of a text that is not needed any more.
void WipeText(std::string& text);

// The part of this thread's stack that finished calls have used, 32 KiB deep. Takes less than a microsecond.
void WipeUnusedStack();

}  // namespace idiolect
