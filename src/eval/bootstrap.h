// Confidence intervals by the bootstrap over users (Efron, 1979): examples of one user resemble each other, so users
// are what is drawn.
#pragma once

#include <cstdint>
#include <vector>

#include "eval/statistics.h"

namespace idiolect {

struct Interval {
  double low = 0, high = 0;  // NaN where the statistic is
};

// The percentile interval that holds `level` (0.95) of the statistic's values over `resamples` seeded draws of as many
// users as there are, with replacement. One interval a statistic, in their order.
std::vector<Interval> BootstrapIntervals(const std::vector<Sums>& users, const std::vector<Statistic>& statistics,
                                         int resamples, double level, uint64_t seed);

}  // namespace idiolect
