// The server's log, to standard error: lines for people, or one JSON object a line for machines. Everybody logs through
// spdlog; what belongs to an event as values goes through LogEvent, so that a machine finds them as fields. No text of
// a post, a response or a candidate is ever logged, nor a user id.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/status.h"
#include "spdlog/spdlog.h"

namespace idiolect {

// Makes spdlog's default logger. `format` is "text" or "json", `level` one of "debug", "info", "warn", "error":
// kInvalidArgument for others. Before other threads log.
absl::Status StartLog(const std::string& format, const std::string& level);

struct LogField {
  std::string_view key;
  std::variant<std::string_view, int64_t, double> value;  // a field with an empty text is left out
};

// In text `event key=value key=value`; in JSON {"time": …, "level": …, "message": event, key: value, …}.
void LogEvent(spdlog::level::level_enum level, std::string_view event, std::initializer_list<LogField> fields);

}  // namespace idiolect
