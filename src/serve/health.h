// What grpc.health.v1 says of the server, service by service, from what is known: is it draining, can the store be
// reached.
//
//   ""            readiness: send calls here
//   idiolect.v1.* readiness of one service; ModelService needs no store
//   liveness      the process answers; also while it drains or waits for its store, so that nobody restarts it then
//
// Thread-safe.
#pragma once

#include <mutex>

#include "grpcpp/health_check_service_interface.h"
#include "telemetry/metrics.h"

namespace idiolect {

class Health {
 public:
  static constexpr char kLiveness[] = "liveness";

  // Both must outlive it. Everything is serving.
  Health(grpc::HealthCheckServiceInterface& service, Metrics& metrics);

  void SetStoreReachable(bool reachable);
  // For good: whatever is learnt of the store afterwards, nothing is ready any more.
  void StartDraining();

 private:
  void Publish();  // the caller holds mutex_

  grpc::HealthCheckServiceInterface& service_;
  Metrics& metrics_;
  std::mutex mutex_;
  bool draining_ = false, store_reachable_ = true;
};

}  // namespace idiolect
