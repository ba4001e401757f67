// The settings as flags of a verb.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "config/settings.h"

namespace idiolect {

class SettingsFlags {
 public:
  // A flag for each setting but the secrets. Values are checked when the command line is parsed. `settings` must
  // outlive this.
  void AddTo(CLI::App& verb, Settings& settings);

  // Sets what was given on the command line: after the other sources, which flags overrule.
  absl::Status Apply();

 private:
  struct Flag {
    Setting* setting;
    CLI::Option* option;
    std::string text;
    std::vector<std::string> texts;
    bool on;
  };

  static void Declare(CLI::App& verb, Flag& flag);
  static std::vector<std::string> Given(const Flag& flag);

  std::deque<Flag> flags_;
};

}  // namespace idiolect
