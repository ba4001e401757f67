#include "store/postgres_error.h"

#include <algorithm>
#include <array>
#include <string>

#include "absl/strings/str_cat.h"

namespace idiolect {
namespace {

// See https://www.postgresql.org/docs/15/errcodes-appendix.html. The first two letters are the class.
bool IsOneOf(std::string_view state, std::initializer_list<std::string_view> beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](std::string_view beginning) { return state.starts_with(beginning); });
}

}  // namespace

bool EndsConnection(std::string_view state) {
  // No connection; shutdown; a session that may not write: the server has become a standby; lost prepared statements.
  return state.empty() || IsOneOf(state, {"08", "57P", "25006", "26000", "0A000"});
}

absl::Status PostgresError(std::string_view state, std::string_view message) {
  const std::string text = absl::StrCat(std::string(message), " (SQLSTATE ", std::string(state), ")");
  // Serialization failure, deadlock.
  if (EndsConnection(state) || IsOneOf(state, {"40"})) return absl::AbortedError(text);
  if (IsOneOf(state, {"XX001", "XX002"})) {
    return absl::DataLossError(absl::StrCat("the PostgreSQL database is damaged: ", text,
                                            "; stop the servers and restore a backup, or promote a standby"));
  }
  // No resources, limits, cancelled or timed out, a lock not got, the system's own errors, missing privileges.
  if (IsOneOf(state, {"53", "54", "57014", "55P03", "58", "42501"})) {
    return absl::UnavailableError(absl::StrCat("the PostgreSQL database can't do it at present: ", text, "; retry"));
  }
  return absl::InternalError(absl::StrCat("PostgreSQL: ", text));
}

absl::Status AsUnavailable(const absl::Status& status) {
  if (!absl::IsAborted(status)) return status;
  return absl::UnavailableError(
      absl::StrCat("the PostgreSQL database is not there at present: ", std::string(status.message()), "; retry"));
}

}  // namespace idiolect
