#include "config/settings.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "config/spelling.h"

namespace idiolect {
namespace {

constexpr char kPrefix[] = "IDIOLECT_";
constexpr size_t kLikelyTypo = 2;  // letters that a slip of the finger changes

std::vector<std::string> Split(const Setting& setting, const char* text) {
  if (!setting.is_list()) return {text};
  return absl::StrSplit(text, ',', absl::SkipEmpty());
}

}  // namespace

Setting& Settings::Add(std::string name, std::string& target, std::string help) {
  return settings_.emplace_back(std::move(name), &target, Range{}, std::move(help));
}

Setting& Settings::Add(std::string name, std::vector<std::string>& target, std::string help) {
  return settings_.emplace_back(std::move(name), &target, Range{}, std::move(help));
}

Setting& Settings::Add(std::string name, bool& target, std::string help) {
  return settings_.emplace_back(std::move(name), &target, Range{}, std::move(help));
}

Setting& Settings::Add(std::string name, int& target, Range range, std::string help) {
  return settings_.emplace_back(std::move(name), &target, range, std::move(help));
}

Setting& Settings::Add(std::string name, int64_t& target, Range range, std::string help) {
  return settings_.emplace_back(std::move(name), &target, range, std::move(help));
}

Setting& Settings::Add(std::string name, double& target, Range range, std::string help) {
  return settings_.emplace_back(std::move(name), &target, range, std::move(help));
}

Setting* Settings::Find(const std::string& name) {
  for (Setting& setting : settings_) {
    if (setting.name() == name) return &setting;
  }
  return nullptr;
}

absl::Status Settings::ReadEnvironment(const std::function<const char*(const char*)>& get_variable) {
  for (Setting& setting : settings_) {
    const std::string variable = setting.Variable();
    const char* text = get_variable(variable.c_str());
    if (text == nullptr || *text == '\0') continue;
    const absl::Status status = setting.Set(Split(setting, text), absl::StrCat("environment ", variable));
    if (!status.ok()) return absl::InvalidArgumentError(absl::StrCat(variable, ": ", std::string(status.message())));
  }
  return absl::OkStatus();
}

std::vector<std::pair<std::string, std::string>> Settings::Misspelt(const char* const* environment) const {
  std::vector<std::string> known;
  for (const Setting& setting : settings_) known.push_back(setting.Variable());
  std::vector<std::pair<std::string, std::string>> misspelt;
  for (; *environment != nullptr; ++environment) {
    const std::string name(*environment, std::string(*environment).find('='));
    if (name.rfind(kPrefix, 0) != 0) continue;
    const std::string nearest = Nearest(name, known);
    const size_t distance = EditDistance(name, nearest);
    if (distance > 0 && distance <= kLikelyTypo) misspelt.emplace_back(name, nearest);
  }
  return misspelt;
}

}  // namespace idiolect
