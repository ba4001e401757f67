// All verbs.
#pragma once

#include <memory>

#include "cli/command.h"

namespace idiolect {

std::unique_ptr<Command> MakeServeCommand();
std::unique_ptr<Command> MakeStatusCommand();
std::unique_ptr<Command> MakeLoadCommand();
std::unique_ptr<Command> MakeChatCommand();
std::unique_ptr<Command> MakeAskCommand();
std::unique_ptr<Command> MakeRankCommand();
std::unique_ptr<Command> MakeImportCommand();
std::unique_ptr<Command> MakeExportCommand();
std::unique_ptr<Command> MakeEraseCommand();
std::unique_ptr<Command> MakeProfileCommand();
std::unique_ptr<Command> MakeUsersCommand();
std::unique_ptr<Command> MakeStoreCommand();
std::unique_ptr<Command> MakePrepareCommand();
std::unique_ptr<Command> MakeTrainCommand();
std::unique_ptr<Command> MakeEvalCommand();
std::unique_ptr<Command> MakeScoreCommand();
std::unique_ptr<Command> MakeReplyCommand();
std::unique_ptr<Command> MakeBenchCommand();

// Every verb of this build, in the order of `idiolect --help`.
Commands AllCommands();

}  // namespace idiolect
