// Parses the command line and runs its verb.
#pragma once

#include <functional>

#include "cli/command.h"

namespace idiolect {

inline constexpr int kExitOk = 0;
inline constexpr int kExitError = 1;  // the verb failed; one line on `err` says why
inline constexpr int kExitUsage = 2;  // the command line is wrong

// `before_computing` is called before a verb that computes with the model runs.
int RunCommandLine(const Commands& commands, int argc, const char* const* argv, Console& console,
                   const std::function<void()>& before_computing);

}  // namespace idiolect
