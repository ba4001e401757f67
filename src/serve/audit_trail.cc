#include "serve/audit_trail.h"

#include "serve/method_scopes.h"

namespace idiolect {
namespace {

AuditEvent EventOf(std::string_view what, std::string_view method, const Caller& caller, const std::string& user_id,
                   std::string_view outcome) {
  return {.what = what,
          .method = method,
          .key_id = caller.key_id,
          .tenant = caller.tenant,
          .user_id = user_id,
          .outcome = outcome};
}

std::string_view WhatIsRecordedOf(std::string_view method) {
  const MethodScope* entry = FindMethodScope(method);
  return entry == nullptr ? std::string_view() : entry->audited;
}

}  // namespace

absl::Status AuditTrail::Begin(std::string_view method, const Caller& caller, const std::string& user_id) const {
  const std::string_view what = WhatIsRecordedOf(method);
  if (log_ == nullptr || what.empty()) return absl::OkStatus();
  return log_->Append(EventOf(what, method, caller, user_id, "BEGUN"));
}

void AuditTrail::End(std::string_view method, const Caller& caller, const std::string& user_id,
                     std::string_view code) const {
  const std::string_view what = WhatIsRecordedOf(method);
  if (log_ != nullptr && what == "erase") (void)log_->Append(EventOf(what, method, caller, user_id, code));
}

void AuditTrail::Denied(std::string_view method, const Caller& caller) const {
  if (log_ != nullptr) (void)log_->Append(EventOf("denied", method, caller, "", "PERMISSION_DENIED"));
}

}  // namespace idiolect
