// The listener's side of TLS: at least 1.2, with the cipher suites that gRPC allows, all of which have forward secrecy.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "access/file_watch.h"
#include "grpcpp/security/server_credentials.h"
#include "serve/server_options.h"

namespace idiolect {

// Certificate, key and the clients' authorities as they last fitted together. The files may be renewed at any time, one
// after the other: what doesn't fit, can't be read or is no PEM is logged, and what was there before stays in use.
//
// gRPC's own watcher of files would take up whatever it finds, and refuse all handshakes until the files are right
// again. So it is given copies in memory instead, which change only when the files are right.
class ServerTls {
 public:
  // kInvalidArgument or kNotFound names the setting, the file and what is wrong with it; kFailedPrecondition where the
  // certificate has expired.
  static absl::StatusOr<std::unique_ptr<ServerTls>> Open(const TlsOptions& options);
  ~ServerTls();
  ServerTls(const ServerTls&) = delete;
  ServerTls& operator=(const ServerTls&) = delete;

  // For one listener, which must be gone before this is.
  std::shared_ptr<grpc::ServerCredentials> MakeCredentials() const;

 private:
  class MemoryFile;
  explicit ServerTls(const TlsOptions& options);
  absl::Status Read();

  const TlsOptions options_;
  const std::unique_ptr<MemoryFile> pair_, client_ca_;  // key and certificates; authorities
  std::unique_ptr<FileWatch> watch_;
};

}  // namespace idiolect
