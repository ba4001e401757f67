// A line of the log as a JSON object: time (RFC 3339, UTC), level, message, and the fields that go with it.
#pragma once

#include <memory>

#include "absl/types/span.h"
#include "spdlog/formatter.h"
#include "telemetry/log.h"

namespace idiolect {

class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& line, spdlog::memory_buf_t& out) override;
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonFormatter>(); }

  // The fields of what this thread logs while it is there. Loggers format on the thread that logs.
  class WithFields {
   public:
    explicit WithFields(absl::Span<const LogField> fields);
    ~WithFields();
  };
};

}  // namespace idiolect
