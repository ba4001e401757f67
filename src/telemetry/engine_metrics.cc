#include "telemetry/engine_metrics.h"

#include <utility>

#include "telemetry/metric_families.h"

namespace idiolect {
namespace {

// The customary way to tell texts: a gauge that is always 1, with the texts as labels.
prometheus::MetricFamily ModelFamily(const ModelInfo& info) {
  prometheus::MetricFamily family = GaugeFamily("idiolect_model_info", "The model that serves.", 1);
  family.metric[0].label = {{"name", info.name}, {"content_hash", info.content_hash}, {"precision", info.precision}};
  return family;
}

}  // namespace

void EngineMetrics::Watch(std::function<EngineStats()> stats, std::function<ModelInfo()> info) {
  const std::lock_guard lock(mutex_);
  stats_ = std::move(stats);
  info_ = std::move(info);
}

std::vector<prometheus::MetricFamily> EngineMetrics::Collect() const {
  const std::lock_guard lock(mutex_);
  if (stats_ == nullptr) return {};
  const EngineStats stats = stats_();
  const auto number = [](int64_t count) { return static_cast<double>(count); };
  return {
      GaugeFamily("idiolect_queue_requests", "Requests that wait for a place in the batch.", number(stats.waiting)),
      GaugeFamily("idiolect_running_rows", "Rows in the batches at present.", number(stats.running_rows)),
      CounterFamily("idiolect_steps_total", "Steps of the batches.", number(stats.steps)),
      CounterFamily("idiolect_row_steps_total", "Rows of all steps: tokens decoded or scored.",
                    number(stats.row_steps)),
      CounterFamily("idiolect_wasted_row_steps_total",
                    "Of these, spent on requests that were then cancelled or came too late.",
                    number(stats.wasted_row_steps)),
      CounterFamily("idiolect_profiles_built_total", "Profiles built from a history.", number(stats.profiles_built)),
      CounterFamily("idiolect_profile_cache_hits_total", "Profiles found in the cache.",
                    number(stats.profile_cache_hits)),
      GaugeFamily("idiolect_profile_cache_bytes", "Memory of the cached profiles and of what rankings counted.",
                  number(stats.profile_cache_bytes)),
      ModelFamily(info_()),
  };
}

}  // namespace idiolect
