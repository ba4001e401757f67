// What Linux counts of this process, under the names that all Prometheus clients use for it.
#pragma once

#include <vector>

#include "prometheus/metric_family.h"

namespace idiolect {

// CPU time, memory, open files and the time of the start. What /proc does not tell is left out.
std::vector<prometheus::MetricFamily> CollectProcessMetrics();

}  // namespace idiolect
