#include "bench/percentiles.h"

#include <algorithm>
#include <cmath>

namespace idiolect {

Percentiles PercentilesOf(std::vector<double> samples) {
  if (samples.empty()) return {};
  std::sort(samples.begin(), samples.end());
  const auto at = [&](double share) {
    const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(samples.size())));
    return samples[std::max<size_t>(rank, 1) - 1];
  };
  return {at(0.5), at(0.9), at(0.99)};
}

}  // namespace idiolect
