#include "serve/health.h"

#include "idiolect/v1/dialogue.grpc.pb.h"
#include "idiolect/v1/history.grpc.pb.h"
#include "idiolect/v1/model.grpc.pb.h"
#include "idiolect/v1/profile.grpc.pb.h"

namespace idiolect {

Health::Health(grpc::HealthCheckServiceInterface& service, Metrics& metrics) : service_(service), metrics_(metrics) {
  const std::lock_guard lock(mutex_);
  Publish();
}

void Health::SetStoreReachable(bool reachable) {
  const std::lock_guard lock(mutex_);
  store_reachable_ = reachable;
  Publish();
}

void Health::StartDraining() {
  const std::lock_guard lock(mutex_);
  draining_ = true;
  Publish();
}

void Health::Publish() {
  metrics_.OnReadiness(!draining_ && store_reachable_);
  service_.SetServingStatus(kLiveness, true);
  service_.SetServingStatus(v1::ModelService::service_full_name(), !draining_);
  for (const char* needs_store : {v1::DialogueService::service_full_name(), v1::HistoryService::service_full_name(),
                                  v1::ProfileService::service_full_name(), ""}) {
    service_.SetServingStatus(needs_store, !draining_ && store_reachable_);
  }
}

}  // namespace idiolect
