#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/loading_environment.h"

int main(int argc, char** argv) {
  idiolect::Console console = idiolect::StandardConsole();
  return idiolect::RunCommandLine(idiolect::AllCommands(), argc, argv, console,
                                  [argv] { idiolect::EnsureLoadingEnvironment(argv); });
}
