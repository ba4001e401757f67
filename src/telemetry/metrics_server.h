// Answers GET /metrics on an address of its own, over plain HTTP. It tells how much is going on, never whose.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "telemetry/metrics.h"

namespace idiolect {

class MetricsServer {
 public:
  // HOST:PORT; port 0 takes a free one. Listening when it returns. `metrics` must outlive the server. kInvalidArgument
  // for an address that is none, kUnavailable where it can't be had.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Start(const std::string& address, const Metrics& metrics);
  ~MetricsServer();

  std::string address() const;  // with the actual port

 private:
  class Impl;
  explicit MetricsServer(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace idiolect
