// A store that times what another one does, and tells of it the trace of the call that it is done for.
#pragma once

#include <memory>

#include "idiolect/history_store.h"
#include "telemetry/metrics.h"

namespace idiolect {

// `metrics` must outlive it.
std::unique_ptr<HistoryStore> ObserveStore(std::unique_ptr<HistoryStore> store, Metrics& metrics);

}  // namespace idiolect
