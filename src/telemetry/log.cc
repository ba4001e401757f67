#include "telemetry/log.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "spdlog/sinks/stdout_color_sinks.h"
#include "telemetry/json_formatter.h"

namespace idiolect {
namespace {

constexpr std::array kLevels = {"debug", "info", "warn", "error"};
std::atomic<bool> json_lines{false};

std::string ToText(const LogField& field) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) return std::string(*text);
  if (const auto* number = std::get_if<int64_t>(&field.value)) return absl::StrCat(*number);
  return absl::StrFormat("%.6g", std::get<double>(field.value));
}

}  // namespace

absl::Status StartLog(const std::string& format, const std::string& level) {
  if (format != "text" && format != "json") {
    return absl::InvalidArgumentError(absl::StrCat("log_format: expected text or json, got '", format, "'"));
  }
  if (std::find(kLevels.begin(), kLevels.end(), level) == kLevels.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("log_level: expected debug, info, warn or error, got '", level, "'"));
  }
  // Standard output is for what a script may read.
  auto logger = std::make_shared<spdlog::logger>("idiolect", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_level(spdlog::level::from_str(level));
  logger->flush_on(spdlog::level::debug);
  json_lines = format == "json";
  if (json_lines) logger->set_formatter(std::make_unique<JsonFormatter>());
  spdlog::set_default_logger(std::move(logger));
  return absl::OkStatus();
}

void LogEvent(spdlog::level::level_enum level, std::string_view event, std::initializer_list<LogField> fields) {
  spdlog::logger& logger = *spdlog::default_logger_raw();
  if (!logger.should_log(level)) return;
  std::string line(event);
  if (json_lines) {
    const JsonFormatter::WithFields with(absl::MakeConstSpan(fields.begin(), fields.size()));
    logger.log(level, line);
    return;
  }
  for (const LogField& field : fields) {
    if (const std::string text = ToText(field); !text.empty())
      absl::StrAppend(&line, " ", std::string(field.key), "=", text);
  }
  logger.log(level, line);
}

}  // namespace idiolect
