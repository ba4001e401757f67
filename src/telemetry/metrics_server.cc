#include "telemetry/metrics_server.h"

#include <exception>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "prometheus/exposer.h"

namespace idiolect {
namespace {

constexpr int kThreads = 2;

// The library behind it takes addresses in numbers only.
std::string Numeric(const std::string& host) { return host == "localhost" ? "127.0.0.1" : host; }

}  // namespace

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(const std::string& address,
                                                                    const Metrics& metrics) {
  const size_t colon = address.rfind(':');
  int port = -1;
  if (colon == std::string::npos || !absl::SimpleAtoi(address.substr(colon + 1), &port) || port < 0 || port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("metrics_listen: expected HOST:PORT, got '", address, "'"));
  }
  const std::string host = Numeric(address.substr(0, colon));
  try {
    auto exposer = std::make_unique<prometheus::Exposer>(absl::StrCat(host, ":", port), kThreads);
    exposer->RegisterCollectable(metrics.collectable());
    return std::unique_ptr<MetricsServer>(new MetricsServer(host, std::move(exposer), metrics.collectable()));
  } catch (const std::exception&) {  // the library's, without a reason
    return absl::UnavailableError(absl::StrCat("metrics_listen: can't listen on ", address));
  }
}

MetricsServer::MetricsServer(std::string host, std::unique_ptr<prometheus::Exposer> exposer,
                             std::shared_ptr<prometheus::Collectable> collectable)
    : host_(std::move(host)), collectable_(std::move(collectable)), exposer_(std::move(exposer)) {}

MetricsServer::~MetricsServer() = default;

std::string MetricsServer::address() const { return absl::StrCat(host_, ":", exposer_->GetListeningPorts()[0]); }

}  // namespace idiolect
