#include "serve/tls.h"

#include <sys/mman.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "serve/certificates.h"
#include "spdlog/spdlog.h"
#include "store/wipe.h"

namespace idiolect {
namespace {

// How often gRPC looks at the copies: they are there for it alone, and small.
constexpr unsigned int kCopySeconds = 1;

absl::StatusOr<std::string> ReadFile(const char* setting, const std::string& path) {
  if (path.empty()) return absl::InvalidArgumentError(absl::StrCat(setting, ": is not set, and TLS needs it"));
  std::ifstream file(path, std::ios::binary);
  std::string content(std::istreambuf_iterator<char>(file), {});
  if (!file) return absl::NotFoundError(absl::StrCat(setting, ": can't read ", path));
  return content;
}

}  // namespace

// A file that is in this process's memory alone and has a path all the same.
class ServerTls::MemoryFile {
 public:
  explicit MemoryFile(const char* name) : descriptor_(memfd_create(name, MFD_CLOEXEC)) {}
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return absl::StrCat("/proc/self/fd/", descriptor_); }

  absl::Status Write(const std::string& content) {
    const auto size = static_cast<ssize_t>(content.size());
    const bool written =
        pwrite(descriptor_, content.data(), content.size(), 0) == size && ftruncate(descriptor_, size) == 0;
    return written ? absl::OkStatus() : absl::UnavailableError("can't keep the certificate in memory");
  }

 private:
  const int descriptor_;
};

absl::StatusOr<std::unique_ptr<ServerTls>> ServerTls::Open(const TlsOptions& options) {
  std::unique_ptr<ServerTls> tls(new ServerTls(options));
  std::vector<std::string> paths = {options.cert, options.key};
  if (!options.client_ca.empty()) paths.push_back(options.client_ca);
  tls->watch_ = std::make_unique<FileWatch>(std::move(paths), absl::Seconds(1), [raw = tls.get()] {
    const absl::Status status = raw->Read();
    if (!status.ok()) spdlog::error("TLS goes on with the certificate of before: {}", std::string(status.message()));
  });
  const absl::Status status = tls->Read();
  if (!status.ok()) return status;
  return tls;
}

ServerTls::ServerTls(const TlsOptions& options)
    : options_(options),
      pair_(std::make_unique<MemoryFile>("certificate and key")),
      client_ca_(options.client_ca.empty() ? nullptr : std::make_unique<MemoryFile>("authorities")) {}

ServerTls::~ServerTls() = default;

absl::Status ServerTls::Read() {
  const absl::StatusOr<std::string> cert = ReadFile("tls_cert", options_.cert);
  if (!cert.ok()) return cert.status();
  absl::StatusOr<std::string> key = ReadFile("tls_key", options_.key);
  if (!key.ok()) return key.status();
  const absl::StatusOr<CertificateInfo> info = CheckCertificateAndKey(*cert, *key);
  if (!info.ok()) {
    return absl::Status(info.status().code(), absl::StrCat("tls_cert ", options_.cert, ", tls_key ", options_.key, ": ",
                                                           info.status().message()));
  }
  if (client_ca_ != nullptr) {
    const absl::StatusOr<std::string> authorities = ReadFile("tls_client_ca", options_.client_ca);
    absl::Status status = authorities.ok() ? CheckAuthorities(*authorities) : authorities.status();
    if (!status.ok()) return absl::Status(status.code(), absl::StrCat("tls_client_ca: ", status.message()));
    if (status = client_ca_->Write(*authorities); !status.ok()) return status;
  }
  // gRPC reads it by its path, and would only find out with the first connection.
  if (access(pair_->path().c_str(), R_OK) != 0) {
    return absl::FailedPreconditionError("tls_cert: TLS needs /proc, which is not mounted here");
  }
  // Both in one file, so that gRPC never sees the one without the other; a reader of PEM takes what it looks for.
  std::string both = absl::StrCat(*key, "\n", *cert);
  const absl::Status written = pair_->Write(both);
  WipeText(*key);
  WipeText(both);
  if (written.ok()) {
    spdlog::info("TLS as {}, valid until {}{}", info->subject, absl::FormatTime(info->expires, absl::UTCTimeZone()),
                 client_ca_ == nullptr ? "" : "; clients must show a certificate");
  }
  return written;
}

std::shared_ptr<grpc::ServerCredentials> ServerTls::MakeCredentials() const {
  using grpc::experimental::FileWatcherCertificateProvider;
  const auto provider = std::make_shared<FileWatcherCertificateProvider>(
      pair_->path(), pair_->path(), client_ca_ == nullptr ? "" : client_ca_->path(), kCopySeconds);
  grpc::experimental::TlsServerCredentialsOptions options(provider);
  options.watch_identity_key_cert_pairs();
  if (client_ca_ != nullptr) {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return grpc::experimental::TlsServerCredentials(options);
}

}  // namespace idiolect
