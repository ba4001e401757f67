// Percentiles of measurements, exact: all samples are kept.
#pragma once

#include <vector>

namespace idiolect {

struct Percentiles {
  double p50 = 0, p90 = 0, p99 = 0;
};

// The nearest-rank percentiles; zeros for no samples.
Percentiles PercentilesOf(std::vector<double> samples);

}  // namespace idiolect
