#include "chart/ticks.h"

#include <algorithm>
#include <cmath>

namespace idiolect {
namespace {

double RoundStep(double rough) {
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (rough <= factor * power * (1 + 1e-9)) return factor * power;
  }
  return 10 * power;
}

}  // namespace

std::vector<double> AxisTicks(double low, double high, int count) {
  if (high <= low) high = low + std::max(std::abs(low) * 0.1, 1e-6);
  const double step = RoundStep((high - low) / count);
  std::vector<double> ticks;
  const double first = std::floor(low / step + 1e-9), last = std::ceil(high / step - 1e-9);
  for (double i = first; i <= last; ++i) ticks.push_back(i * step);
  return ticks;
}

}  // namespace idiolect
