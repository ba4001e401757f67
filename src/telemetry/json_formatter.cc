#include "telemetry/json_formatter.h"

#include <string>

#include "absl/time/time.h"
#include "nlohmann/json.hpp"

namespace idiolect {
namespace {

thread_local absl::Span<const LogField> fields_of_this_line;

}  // namespace

JsonFormatter::WithFields::WithFields(absl::Span<const LogField> fields) { fields_of_this_line = fields; }
JsonFormatter::WithFields::~WithFields() { fields_of_this_line = {}; }

void JsonFormatter::format(const spdlog::details::log_msg& line, spdlog::memory_buf_t& out) {
  nlohmann::ordered_json json = {
      {"time", absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", absl::FromChrono(line.time), absl::UTCTimeZone())},
      {"level", std::string(spdlog::level::to_string_view(line.level).data())},
      {"message", std::string(line.payload.data(), line.payload.size())}};
  for (const LogField& field : fields_of_this_line) {
    if (const auto* text = std::get_if<std::string_view>(&field.value); text != nullptr && text->empty()) continue;
    std::visit([&](const auto& value) { json[std::string(field.key)] = value; }, field.value);
  }
  // Bytes that are not UTF-8 (a file's name, say) become U+FFFD; the line must stay one that a machine can read.
  const std::string text = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  out.append(text.data(), text.data() + text.size());
}

}  // namespace idiolect
