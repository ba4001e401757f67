// The settings of `serve` and `bench` that say how the engine runs.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "config/settings.h"
#include "idiolect/engine.h"

namespace idiolect {

class EngineFlags {
 public:
  void AddTo(Settings& settings);
  // kInvalidArgument names the setting.
  absl::StatusOr<EngineOptions> ToOptions() const;
  bool batch_scheduling() const { return batch_scheduling_; }

 private:
  EngineOptions options_;
  std::string precision_ = std::string(PrecisionName(options_.precision));
  bool batch_scheduling_ = true;
  int64_t cache_mib_ = options_.profile_cache_bytes >> 20;
};

}  // namespace idiolect
