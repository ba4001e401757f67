#include "cli/commands.h"

#include "cli/access_commands.h"

namespace idiolect {

Commands AllCommands() {
  Commands commands;
#ifdef IDIOLECT_WITH_SERVER
  commands.push_back(MakeServeCommand());
  commands.push_back(MakeStatusCommand());
  commands.push_back(MakeLoadCommand());
  commands.push_back(MakeStoreCommand());
  commands.push_back(MakeKeysCommand());
  commands.push_back(MakeAuditCommand());
  commands.push_back(MakeChatCommand());
  commands.push_back(MakeAskCommand());
  commands.push_back(MakeRankCommand());
  commands.push_back(MakeImportCommand());
  commands.push_back(MakeExportCommand());
  commands.push_back(MakeEraseCommand());
  commands.push_back(MakeProfileCommand());
  commands.push_back(MakeUsersCommand());
#endif
  commands.push_back(MakePrepareCommand());
  commands.push_back(MakeTrainCommand());
#ifdef IDIOLECT_WITH_INFERENCE
  commands.push_back(MakeEvalCommand());
  commands.push_back(MakeScoreCommand());
  commands.push_back(MakeReplyCommand());
#endif
#ifdef IDIOLECT_WITH_SERVER
  commands.push_back(MakeBenchCommand());
#endif
  return commands;
}

}  // namespace idiolect
