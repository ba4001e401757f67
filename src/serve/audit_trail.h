// Which calls the audit log hears of, and when: before data is touched, of erasures also how they ended, and of calls
// for which a key had not the scope. What it says of a method stands in method_scopes.cc.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "access/audit_log.h"
#include "serve/caller.h"

namespace idiolect {

// Thread-safe. Nothing is recorded without a log.
class AuditTrail {
 public:
  explicit AuditTrail(AuditLog* log) : log_(log) {}

  // To be asked before the call's work begins, which must not be done unless this is OK.
  absl::Status Begin(std::string_view method, const Caller& caller, const std::string& user_id) const;

  // How an erasure ended, "OK". Nothing to be done where it can't be recorded: the log says that it had begun.
  void End(std::string_view method, const Caller& caller, const std::string& user_id, std::string_view code) const;

  void Denied(std::string_view method, const Caller& caller) const;

 private:
  AuditLog* const log_;
};

}  // namespace idiolect
