// Round numbers along an axis.
#pragma once

#include <vector>

namespace idiolect {

// About `count` multiples of 1, 2 or 5 times a power of ten that cover [low, high]: the first is at most low, the last
// at least high. Both must be finite; where they are equal, the axis reaches a little beyond them.
std::vector<double> AxisTicks(double low, double high, int count);

}  // namespace idiolect
