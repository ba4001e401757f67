#include "serve/protection.h"

#include <utility>

#include "absl/status/statusor.h"

namespace idiolect {
namespace {

template <typename T>
absl::Status Take(absl::StatusOr<std::unique_ptr<T>> opened, std::unique_ptr<T>& part) {
  if (opened.ok()) part = *std::move(opened);
  return opened.status();
}

}  // namespace

absl::Status OpenProtection(const ServerOptions& options, Protection& protection) {
  absl::Status status;
  if (!options.api_keys_file.empty()) {
    status = Take(Authenticator::Open(options.api_keys_file), protection.authenticator);
  }
  if (status.ok() && options.tls.enabled()) status = Take(ServerTls::Open(options.tls), protection.tls);
  if (status.ok() && !options.audit_file.empty()) {
    status = Take(AuditLog::Open(options.audit_file, options.audit_user_ids), protection.audit_log);
  }
  return status;
}

}  // namespace idiolect
