#include "cli/command_line.h"

#include <ostream>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace idiolect {
namespace {

constexpr char kDescription[] =
    "Idiolect answers a post the way a given person would, out of that person's own history of exchanges.";

constexpr char kFooter[] =
    "`idiolect VERB --help` explains a verb, with an example.\n"
    "Exit codes: 0 fine, 1 the verb failed (one line on stderr says why), 2 the command line is wrong.\n";

// CLI11's own, but for the usage line, where it would list hidden positionals.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string name) const override {
    std::string usage = CLI::Formatter::make_usage(app, name);
    absl::RemoveExtraAsciiWhitespace(&usage);
    return usage + "\n";
  }
  std::string make_option_usage(const CLI::Option* option) const override {
    return option->get_group().empty() ? "" : CLI::Formatter::make_option_usage(option);
  }
};

CLI::App* AddVerb(CLI::App& app, Command& command) {
  const VerbText text = command.text();
  CLI::App* verb = app.add_subcommand(text.name, text.summary);
  verb->group(text.group);
  verb->footer(text.teaching);
  command.AddOptions(*verb);
  return verb;
}

int ReportUsage(const CLI::App& app, const CLI::ParseError& error, Console& console) {
  const std::vector<CLI::App*> verbs = app.get_subcommands();
  const std::string where = verbs.empty() ? "idiolect" : absl::StrCat("idiolect ", verbs.front()->get_name());
  const std::string what = absl::StrReplaceAll(error.what(), {{"\n", " "}, {"subcommand", "verb"}});
  console.err << where << ": " << what << " (`" << where << " --help` explains)" << std::endl;
  return kExitUsage;
}

int RunVerb(Command& command, Console& console, const std::function<void()>& before_computing) {
  if (command.computes()) before_computing();
  const absl::Status status = command.Run(console);
  console.out.flush();
  if (status.ok()) return kExitOk;
  console.err << "idiolect " << command.text().name << ": " << absl::StrReplaceAll(status.message(), {{"\n", " "}})
              << std::endl;
  return kExitError;
}

}  // namespace

int RunCommandLine(const Commands& commands, int argc, const char* const* argv, Console& console,
                   const std::function<void()>& before_computing) {
  CLI::App app(kDescription, "idiolect");
  app.formatter(std::make_shared<HelpFormatter>());
  app.get_formatter()->label("SUBCOMMAND", "VERB");
  app.get_formatter()->column_width(28);
  app.footer(kFooter);
  app.set_version_flag("--version", "idiolect " IDIOLECT_VERSION);
  app.require_subcommand(1);
  std::vector<CLI::App*> verbs;
  for (const auto& command : commands) verbs.push_back(AddVerb(app, *command));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error, console.out, console.err);  // --help and --version
    return ReportUsage(app, error, console);
  }
  for (size_t i = 0; i < commands.size(); ++i) {
    if (verbs[i]->parsed()) return RunVerb(*commands[i], console, before_computing);
  }
  return kExitUsage;
}

}  // namespace idiolect
