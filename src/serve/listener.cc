#include "serve/listener.h"

#include <arpa/inet.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace idiolect {
namespace {

std::string HostOf(std::string_view address) {
  const std::string host(address.substr(0, address.rfind(':')));
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  return bracketed ? host.substr(1, host.size() - 2) : host;
}

}  // namespace

bool IsUnixSocket(std::string_view address) {
  return address.substr(0, 5) == "unix:" || address.substr(0, 14) == "unix-abstract:";
}

bool IsLoopback(std::string_view address) {
  if (IsUnixSocket(address)) return true;
  const std::string host = HostOf(address);
  in_addr v4{};
  in6_addr v6{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  if (inet_pton(AF_INET6, host.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
  return host == "localhost";
}

absl::Status CheckListener(const ServerOptions& options) {
  if (IsLoopback(options.listen_address)) return absl::OkStatus();
  std::vector<std::string> missing, switches;
  if (!options.tls.enabled()) {
    missing.emplace_back("TLS (tls_cert and tls_key)");
    if (!options.unsafe_no_tls) switches.emplace_back("unsafe_no_tls");
  }
  if (options.api_keys_file.empty()) {
    missing.emplace_back("API keys (api_keys_file)");
    if (!options.unsafe_no_keys) switches.emplace_back("unsafe_no_keys");
  }
  if (missing.empty()) return absl::OkStatus();
  if (!options.unsafe_remote) switches.insert(switches.begin(), "unsafe_remote");
  if (switches.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("listen: others than this machine can reach ", options.listen_address, ", and there is no ",
                   absl::StrJoin(missing, " and no "), "; whoever wants that all the same says so by ",
                   absl::StrJoin(switches, " and "), " as well"));
}

}  // namespace idiolect
