// One verb of the command line. To add one: write src/cli/NAME_command.cc with a class derived from Command and a
// function MakeNameCommand, declare it in commands.h and list it in commands.cc.
#pragma once

#include <memory>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "cli/console.h"

namespace idiolect {

// Headings of `idiolect --help`, in its order.
inline constexpr char kServeGroup[] = "Serve and operate";
inline constexpr char kTalkGroup[] = "Talk";
inline constexpr char kDataGroup[] = "Histories and profiles";
inline constexpr char kResearchGroup[] = "Research";

struct VerbText {
  const char* name;
  const char* group;
  const char* summary;   // one line, for the list of verbs
  const char* teaching;  // the end of the verb's --help: an example, and what the output means
};

class Command {
 public:
  virtual ~Command() = default;
  virtual VerbText text() const = 0;
  // Declares the verb's options, which are read into members. Called once, before Run.
  virtual void AddOptions(CLI::App& verb) = 0;
  // An error becomes the line `idiolect VERB: message` and exit code 1.
  virtual absl::Status Run(Console& console) = 0;
  // Whether Run computes with the model in this process, so that the linear algebra library needs its environment.
  virtual bool computes() const { return false; }
};

using Commands = std::vector<std::unique_ptr<Command>>;

}  // namespace idiolect
