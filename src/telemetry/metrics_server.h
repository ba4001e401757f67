// Answers GET /metrics on an address of its own, over plain HTTP. It tells how much is going on, never whose.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "telemetry/metrics.h"

namespace prometheus {
class Exposer;
}

namespace idiolect {

class MetricsServer {
 public:
  // HOST:PORT; port 0 takes a free one. Listening when it returns; kInvalidArgument for an address that is none,
  // kUnavailable where it can't be had.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Start(const std::string& address, const Metrics& metrics);
  ~MetricsServer();

  std::string address() const;  // with the actual port

 private:
  MetricsServer(std::string host, std::unique_ptr<prometheus::Exposer> exposer,
                std::shared_ptr<prometheus::Collectable> collectable);
  const std::string host_;
  const std::shared_ptr<prometheus::Collectable> collectable_;
  const std::unique_ptr<prometheus::Exposer> exposer_;
};

}  // namespace idiolect
