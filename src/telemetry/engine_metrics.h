// What the engine counts by itself, asked for at each scrape.
#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "idiolect/engine.h"
#include "prometheus/metric_family.h"

namespace idiolect {

// Thread-safe.
class EngineMetrics {
 public:
  // Who is asked; nobody before.
  void Watch(std::function<EngineStats()> stats, std::function<ModelInfo()> info);
  std::vector<prometheus::MetricFamily> Collect() const;

 private:
  mutable std::mutex mutex_;
  std::function<EngineStats()> stats_;
  std::function<ModelInfo()> info_;
};

}  // namespace idiolect
