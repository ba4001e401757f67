#include "cli/engine_flags.h"

#include "absl/strings/str_cat.h"

namespace idiolect {

void EngineFlags::AddTo(Settings& s) {
  s.Add("engines", options_.engines, {0, 1024}, "Engine threads; 0: one a core");
  s.Add("precision", precision_, "Arithmetic of the weights").OneOf({"int8", "bf16", "float32"});
  s.Add("max_queue", options_.max_queue, kPositiveCount, "Requests that may wait, in all engines together");
  s.Add("max_batch_rows", options_.max_batch_rows, {1, 4096}, "Candidates and beams in a step of one engine");
  s.Add("profile_cache_mib", cache_mib_, {0, 1 << 20},
        "Memory for users' profiles, of all engines together; rankings may use an eighth beside it");
  s.Add("batch_scheduling", batch_scheduling_,
        "While all cores are busy, calls do not interrupt engines (SCHED_BATCH)");
}

absl::StatusOr<EngineOptions> EngineFlags::ToOptions() const {
  const auto precision = ParsePrecision(precision_);
  if (!precision.ok()) return absl::InvalidArgumentError(std::string(precision.status().message()));
  EngineOptions options = options_;
  options.precision = *precision;
  options.profile_cache_bytes = cache_mib_ << 20;
  return options;
}

}  // namespace idiolect
