// What a server is protected by, opened before it listens.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "access/audit_log.h"
#include "access/authenticator.h"
#include "grpcpp/security/server_credentials.h"
#include "serve/server_options.h"
#include "serve/tls.h"

namespace idiolect {

// Each null where the options don't ask for it.
struct Protection {
  std::unique_ptr<Authenticator> authenticator;
  std::unique_ptr<ServerTls> tls;
  std::unique_ptr<AuditLog> audit_log;

  // With which the listener is opened.
  std::shared_ptr<grpc::ServerCredentials> Credentials() const {
    return tls == nullptr ? grpc::InsecureServerCredentials() : tls->MakeCredentials();
  }
};

// Errors are those of the three.
absl::Status OpenProtection(const ServerOptions& options, Protection& protection);

}  // namespace idiolect
