// Reading an audit log: is it whole, and what does it say of a user?
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "access/audit_record.h"

namespace idiolect {

struct AuditCheck {
  int64_t records = 0;   // the first line is none
  std::string previous;  // the last hash of the log that this one goes on with, or NoHash
  std::string last;      // the last hash of this one
};

// Reads the whole log and gives each line that is in order to `line`, until one isn't. kNotFound where there is none;
// kDataLoss names the first broken line, "audit.jsonl:12: …".
absl::StatusOr<AuditCheck> ReadAuditLog(
    const std::string& path,
    const std::function<void(std::string_view line, const ParsedAuditLine& parsed, std::string_view salt)>& line);

}  // namespace idiolect
