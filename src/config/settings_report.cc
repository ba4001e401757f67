#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

#include "config/settings.h"

namespace idiolect {
namespace {

constexpr size_t kWidestColumn = 48;

constexpr char kExampleHead[] =
    "# Settings of `idiolect serve --config FILE`, as `idiolect serve --example-config` prints them. Each has its "
    "default\n"
    "# here: remove the # before a line to change it. Variables of the environment overrule this file, and flags "
    "both.\n"
    "# `idiolect serve --config FILE --print-config` shows what comes of it.\n";

void PrintExampleOf(const Setting& setting, std::ostream& out) {
  out << "\n# " << setting.help() << " (" << setting.TypeName() << ").\n# ";
  if (!setting.secret()) out << setting.Flag() << ", ";
  out << setting.Variable() << "\n# " << setting.name() << " = " << setting.ToToml() << "\n";
}

}  // namespace

void Settings::Print(std::ostream& out) const {
  std::vector<std::string> lines;
  size_t width = 0;
  for (const Setting& setting : settings_) {
    lines.push_back(setting.name() + " = " + setting.ToToml());
    width = std::max(width, std::min(lines.back().size(), kWidestColumn));
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    if (settings_[i].hidden() && settings_[i].origin() == "default") continue;
    lines[i].resize(std::max(width, lines[i].size()), ' ');
    out << lines[i] << "  # " << settings_[i].origin() << "\n";
  }
}

void Settings::PrintExample(std::ostream& out) const {
  out << kExampleHead;
  size_t next_group = 0;
  for (size_t i = 0; i < settings_.size(); ++i) {
    if (next_group < groups_.size() && groups_[next_group].first == i) {
      out << "\n\n# ---- " << groups_[next_group++].second << " ----\n";
    }
    if (!settings_[i].hidden()) PrintExampleOf(settings_[i], out);
  }
}

}  // namespace idiolect
