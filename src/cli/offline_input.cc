#include "cli/offline_input.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

namespace idiolect {
namespace {

using nlohmann::json;

absl::Status Fault(const std::string& what) { return absl::InvalidArgumentError(what); }

// A missing text is empty; anything but a string is a fault.
absl::Status ReadText(const json& object, const char* field, const std::string& where, std::string* text) {
  const auto found = object.find(field);
  if (found == object.end()) return absl::OkStatus();
  if (!found->is_string()) return Fault(absl::StrCat(where, field, ": expected a string"));
  *text = found->get<std::string>();
  return absl::OkStatus();
}

absl::StatusOr<OfflineInput> Parse(const std::string& line) {
  const json object = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object() || !object.contains("post"))
    return Fault("expected a JSON object with \"post\" and, if there is one, \"history\"");
  OfflineInput input;
  if (absl::Status s = ReadText(object, "post", "", &input.post); !s.ok()) return s;
  if (absl::Status s = ReadText(object, "response", "", &input.response); !s.ok()) return s;
  const auto history = object.find("history");
  if (history == object.end()) return input;
  if (!history->is_array()) return Fault("history: expected a list");
  for (const json& pair : *history) {
    Exchange exchange;
    exchange.sequence = static_cast<int64_t>(input.history.size()) + 1;
    const std::string where = absl::StrCat("history[", input.history.size(), "].");
    if (!pair.is_object()) return Fault(absl::StrCat(where, " expected an object with \"post\" and \"response\""));
    if (absl::Status s = ReadText(pair, "post", where, &exchange.post); !s.ok()) return s;
    if (absl::Status s = ReadText(pair, "response", where, &exchange.response); !s.ok()) return s;
    input.history.push_back(std::move(exchange));
  }
  return input;
}

}  // namespace

absl::StatusOr<OfflineReader> OfflineReader::Open(const std::string& path) {
  OfflineReader reader(path);
  if (!reader.in_) return absl::NotFoundError(absl::StrCat(path, ": cannot be opened"));
  return reader;
}

absl::StatusOr<std::optional<OfflineInput>> OfflineReader::Next() {
  std::string line;
  if (!std::getline(in_, line)) return std::optional<OfflineInput>();
  ++line_;
  auto input = Parse(line);
  if (!input.ok()) return Fault(absl::StrCat(path_, ":", line_, ": ", std::string(input.status().message())));
  return std::optional<OfflineInput>(*std::move(input));
}

}  // namespace idiolect
