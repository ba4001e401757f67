#include "cli/settings_flags.h"

#include "absl/strings/str_cat.h"

namespace idiolect {

void SettingsFlags::AddTo(CLI::App& verb, Settings& settings) {
  for (Setting& setting : settings.all()) {
    if (setting.secret()) continue;
    Flag& flag = flags_.emplace_back(Flag{&setting, nullptr, {}, {}, false});
    Declare(verb, flag);
    if (setting.hidden()) flag.option->group("");
  }
}

void SettingsFlags::Declare(CLI::App& verb, Flag& flag) {
  const Setting& setting = *flag.setting;
  const std::string name = setting.Flag();
  if (setting.is_switch()) {
    flag.option = verb.add_flag(absl::StrCat(name, ",!--no-", name.substr(2)), flag.on, setting.help());
    return;
  }
  flag.option = setting.is_list() ? verb.add_option(name, flag.texts, setting.help())
                                  : verb.add_option(name, flag.text, setting.help());
  if (!setting.is_list()) flag.option->take_last();  // so that a script's flags can be overruled by those after them
  const std::string standard = setting.ToToml();
  flag.option->type_name(setting.TypeName());
  if (standard != "\"\"" && standard != "[]") flag.option->default_str(standard);
  flag.option->check(
      CLI::Validator([&setting](const std::string& text) { return std::string(setting.Check(text).message()); }, ""));
}

absl::Status SettingsFlags::Apply() {
  for (const Flag& flag : flags_) {
    if (flag.option->count() == 0) continue;
    const std::string name = flag.setting->Flag();
    const absl::Status status = flag.setting->Set(Given(flag), absl::StrCat("flag ", name));
    if (!status.ok()) return absl::InvalidArgumentError(absl::StrCat(name, ": ", std::string(status.message())));
  }
  return absl::OkStatus();
}

std::vector<std::string> SettingsFlags::Given(const Flag& flag) {
  if (flag.setting->is_switch()) return {flag.on ? "true" : "false"};
  if (flag.setting->is_list()) return flag.texts;
  return {flag.text};
}

}  // namespace idiolect
