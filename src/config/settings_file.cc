// The TOML reader, in one file because its header is a large one.
#include <toml++/toml.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "config/settings.h"
#include "config/spelling.h"

namespace idiolect {
namespace {

class FileReader {
 public:
  FileReader(Settings& settings, std::string path) : settings_(settings), path_(std::move(path)) {}

  absl::Status Read(const toml::table& table) {
    for (const auto& [key, node] : table) {
      if (absl::Status status = ReadKey(std::string(key.str()), key.source().begin, node); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status Error(toml::source_position where, const std::string& what) const {
    return absl::InvalidArgumentError(absl::StrCat(Place(where), ": ", what));
  }

 private:
  std::string Place(toml::source_position where) const { return absl::StrCat(path_, ":", where.line); }

  absl::Status ReadKey(const std::string& name, toml::source_position where, const toml::node& node) {
    Setting* setting = settings_.Find(name);
    if (setting == nullptr) return Error(where, Unknown(name, node));
    std::vector<std::string> texts;
    absl::Status status = ToTexts(*setting, node, texts);
    if (status.ok()) status = setting->Set(texts, Place(where));
    if (status.ok()) return status;
    return Error(where, absl::StrCat(name, ": ", std::string(status.message())));
  }

  std::string Unknown(const std::string& name, const toml::node& node) const {
    std::vector<std::string> known;
    for (const Setting& setting : settings_.all()) known.push_back(setting.name());
    const std::string what = node.is_table() ? "the table [" + name + "]" : name;
    return absl::StrCat(what, " is not a setting; the nearest one is ", Nearest(name, known),
                        node.is_table() ? " (there are no tables)" : "");
  }

  // The text that a flag would have; the type is checked here, so that 10 is no text and "10" no number.
  static absl::Status ToTexts(const Setting& setting, const toml::node& node, std::vector<std::string>& texts) {
    if (const toml::array* array = node.as_array(); array != nullptr && setting.is_list()) {
      for (const toml::node& element : *array) {
        if (absl::Status status = ToText(setting, element, texts); !status.ok()) return status;
      }
      return absl::OkStatus();
    }
    if (setting.is_list()) return absl::InvalidArgumentError("expected a list of texts, [\"…\", \"…\"]");
    return ToText(setting, node, texts);
  }

  static absl::Status ToText(const Setting& setting, const toml::node& node, std::vector<std::string>& texts) {
    const bool is_number = node.is_integer() || node.is_floating_point();
    if (setting.is_text() && node.is_string()) {
      texts.push_back(**node.as_string());
    } else if (setting.is_switch() && node.is_boolean()) {
      texts.emplace_back(**node.as_boolean() ? "true" : "false");
    } else if (!setting.is_text() && !setting.is_switch() && is_number) {
      texts.push_back(node.is_integer() ? absl::StrCat(**node.as_integer()) : NumberText(**node.as_floating_point()));
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("expected ", setting.is_text() ? "a text in quotes" : setting.TypeName(),
                       setting.is_text() || setting.is_switch() ? "" : " without quotes"));
    }
    return absl::OkStatus();
  }

  Settings& settings_;
  const std::string path_;
};

}  // namespace

absl::Status Settings::ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file || file.peek() == std::ifstream::traits_type::eof()) {
    if (!file.eof()) return absl::NotFoundError(absl::StrCat("can't read the configuration file ", path));
    return absl::OkStatus();
  }
  FileReader reader(*this, path);
  try {
    return reader.Read(toml::parse(file, path));
  } catch (const toml::parse_error& error) {
    return reader.Error(error.source().begin, std::string(error.description()));
  }
}

}  // namespace idiolect
