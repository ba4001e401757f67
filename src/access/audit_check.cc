#include "access/audit_check.h"

#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"

namespace idiolect {
namespace {

absl::Status CheckLink(const ParsedAuditLine& line, const AuditLink& before) {
  if (before.seq < 0) {  // the first
    return line.link.seq == 0 && !line.salt.empty() ? absl::OkStatus()
                                                    : absl::DataLossError("is not the first line of an audit log");
  }
  if (line.prev != before.hash) return absl::DataLossError("does not follow from the line before it");
  if (line.link.seq != before.seq + 1) return absl::DataLossError("has not the number after the line before it");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<AuditCheck> ReadAuditLog(
    const std::string& path,
    const std::function<void(std::string_view line, const ParsedAuditLine& parsed, std::string_view salt)>& line) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat("can't read the audit log ", path));
  AuditCheck check;
  AuditLink last;
  std::string text, salt;
  for (int64_t number = 1; std::getline(file, text); ++number) {
    absl::StatusOr<ParsedAuditLine> parsed = ParseAuditLine(text);
    absl::Status status = parsed.ok() ? CheckLink(*parsed, last) : parsed.status();
    if (status.ok() && file.eof()) status = absl::DataLossError("is cut off before its end");
    if (!status.ok()) return absl::DataLossError(absl::StrCat(path, ":", number, ": ", status.message()));
    if (number == 1) {
      check.previous = parsed->prev;
      salt = parsed->salt;
    }
    line(text, *parsed, salt);
    last = parsed->link;
    check.records = number - 1;
  }
  if (last.seq < 0) return absl::DataLossError(absl::StrCat(path, ":1: is missing"));
  check.last = last.hash;
  return check;
}

}  // namespace idiolect
