// The settings of `serve` that say what its operator gets to see.
#pragma once

#include <string>

#include "config/settings.h"

namespace idiolect {

struct ObserveSettings {
  std::string metrics_listen;  // empty: no metrics
  std::string trace_endpoint;  // empty: no traces
  double trace_share = 0.1;
  std::string log_format = "text", log_level = "info";

  void AddTo(Settings& settings);
};

}  // namespace idiolect
