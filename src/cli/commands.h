// All verbs.
#pragma once

#include <memory>

#include "cli/command.h"

namespace idiolect {

std::unique_ptr<Command> MakeStatusCommand();
std::unique_ptr<Command> MakeChatCommand();
std::unique_ptr<Command> MakeAskCommand();
std::unique_ptr<Command> MakeRankCommand();
std::unique_ptr<Command> MakeImportCommand();
std::unique_ptr<Command> MakeExportCommand();
std::unique_ptr<Command> MakeEraseCommand();
std::unique_ptr<Command> MakeProfileCommand();
std::unique_ptr<Command> MakeUsersCommand();

// Every verb of this build, in the order of `idiolect --help`.
Commands AllCommands();

}  // namespace idiolect
