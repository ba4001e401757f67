// One thing that can be set: what it is called everywhere, what it may be, and the variable that takes it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"

namespace idiolect {

// What a number may be, both ends included.
struct Range {
  double low, high;
};
inline constexpr Range kAnyCount{0, 1e12};
inline constexpr Range kPositiveCount{1, 1e12};

// The shortest decimal text that is read as this very number; whole numbers without a point or an exponent.
std::string NumberText(double number);

class Setting {
 public:
  // Lists have one text an element; the variable's value at this moment is the default.
  using Target = std::variant<std::string*, std::vector<std::string>*, bool*, int*, int64_t*, double*>;

  Setting(std::string name, Target target, Range range, std::string help);

  // A secret is never shown, and is no flag, since everybody on the machine may read a command line.
  Setting& Secret();
  // A text that may hold a secret, shown as `show` makes it; a flag all the same.
  Setting& ShownAs(std::function<std::string(const std::string&)> show);
  // One of these texts only.
  Setting& OneOf(std::vector<std::string> choices);
  // Not in the help.
  Setting& Hidden();

  const std::string& name() const { return name_; }  // as in the file: "max_queue"
  std::string Flag() const;                          // "--max-queue"
  std::string Variable() const;                      // "IDIOLECT_MAX_QUEUE"
  const std::string& help() const { return help_; }
  std::string TypeName() const;  // "TEXT", "INT in [1, 4096]": for the help
  bool secret() const { return secret_; }
  bool hidden() const { return hidden_; }
  bool is_switch() const { return std::holds_alternative<bool*>(target_); }
  bool is_list() const { return std::holds_alternative<std::vector<std::string>*>(target_); }
  bool is_text() const { return is_list() || std::holds_alternative<std::string*>(target_); }

  // kInvalidArgument says what is expected, without the setting's name and without the text of a secret.
  absl::Status Check(std::string_view text) const;
  // Sets the variable, to all of `texts` where it is a list, else to the only one. On an error nothing changes.
  // `origin` is for people: "flag --max-queue", "idiolect.toml:12".
  absl::Status Set(const std::vector<std::string>& texts, std::string origin);

  // As it stands in the file: 1024, "text", ["a", "b"], true; "********" for a secret that is set.
  std::string ToToml() const;
  const std::string& origin() const { return origin_; }  // "default" until it is set

 private:
  absl::Status Apply(std::string_view text, bool store) const;

  const std::string name_;
  const Target target_;
  const Range range_;
  const std::string help_;
  std::vector<std::string> choices_;
  bool secret_ = false, hidden_ = false;
  std::function<std::string(const std::string&)> show_;  // may be empty
  std::string origin_ = "default";
};

}  // namespace idiolect
