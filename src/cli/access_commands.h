// The verbs that look after who may do what.
#pragma once

#include <memory>

#include "cli/command.h"

namespace idiolect {

std::unique_ptr<Command> MakeKeysCommand();
std::unique_ptr<Command> MakeAuditCommand();

}  // namespace idiolect
