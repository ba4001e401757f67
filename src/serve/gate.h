// Lets a call in, or not, before its request is looked at: by the key that comes with it and by what its method needs.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "access/authenticator.h"
#include "grpcpp/server_context.h"
#include "serve/caller.h"

namespace idiolect {

// Thread-safe.
class Gate {
 public:
  // Without an authenticator nobody is asked, and everybody belongs to the tenant `default`.
  explicit Gate(const Authenticator* authenticator) : authenticator_(authenticator) {}

  bool asks() const { return authenticator_ != nullptr; }

  // Who is calling. kUnauthenticated without a valid key, in the same words whatever is wrong with it.
  absl::Status Identify(const grpc::ServerContextBase& context, Caller& caller) const;

  // The same, and kPermissionDenied where the key has not the scope of `method` ("HistoryService.ExportUser").
  absl::Status Admit(std::string_view method, const grpc::ServerContextBase& context, Caller& caller) const;

  // For calls that last: kUnauthenticated once the caller's key has been revoked or has expired.
  absl::Status CheckStillAdmitted(const Caller& caller) const;

 private:
  const Authenticator* const authenticator_;
};

}  // namespace idiolect
