// The table of settings, the single source of names, ranges, defaults and help. Values come, each overruling the one
// before, from a TOML file, the environment and flags:
//
//   Settings settings;
//   settings.Add("max_queue", options.max_queue, kPositiveCount, "Requests that may wait");
//
// makes `max_queue = 10`, IDIOLECT_MAX_QUEUE=10 and --max-queue 10. A list is one text an element in the file, and
// separated by commas in the environment. Not thread-safe. The variables must outlive the table.
#pragma once

#include <deque>
#include <functional>
#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "config/setting.h"

namespace idiolect {

class Settings {
 public:
  Setting& Add(std::string name, std::string& target, std::string help);
  Setting& Add(std::string name, std::vector<std::string>& target, std::string help);
  Setting& Add(std::string name, bool& target, std::string help);
  Setting& Add(std::string name, int& target, Range range, std::string help);
  Setting& Add(std::string name, int64_t& target, Range range, std::string help);
  Setting& Add(std::string name, double& target, Range range, std::string help);

  // The settings that are added from here on are about this.
  void Group(std::string title) { groups_.emplace_back(settings_.size(), std::move(title)); }

  std::deque<Setting>& all() { return settings_; }  // in the order of adding
  Setting* Find(const std::string& name);

  // Errors name the file and the line; an unknown key comes with the nearest one that there is. kNotFound where the
  // file can't be read.
  absl::Status ReadFile(const std::string& path);

  // `get_variable` is getenv. A variable that is set but empty counts as not set.
  absl::Status ReadEnvironment(const std::function<const char*(const char*)>& get_variable);

  // Variables of `environment` ("NAME=VALUE", ended by null) that begin with IDIOLECT_ and look like a misspelt
  // setting, each with the one that is probably meant. Others are left alone: Kubernetes sets some for its services.
  std::vector<std::pair<std::string, std::string>> Misspelt(const char* const* environment) const;

  // The whole table as a TOML file, each line with where its value came from.
  void Print(std::ostream& out) const;

  // A TOML file that says of every setting what it is for, what it may be and how else it is called, and sets none.
  void PrintExample(std::ostream& out) const;

 private:
  std::deque<Setting> settings_;                        // whose elements stay where they are
  std::vector<std::pair<size_t, std::string>> groups_;  // each with the index of its first setting
};

}  // namespace idiolect
