#include "kernels/selection.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/simd.h"
#include "kernels/vector_math.h"

namespace idiolect {
namespace {

using simd::Floats;
using simd::Ints;
using simd::kLanes;

constexpr int kStretch = 1024;  // summed in float, then added up in double

// Before the place's index equal weights are above it, from there on only larger ones are. A float is at least w
// exactly when it is larger than the float before w, so «larger than a bar» is all there is to compare.
struct Bars {
  explicit Bars(Place place)
      : index(place.index),
        before(std::nextafter(place.weight, -std::numeric_limits<float>::infinity())),
        behind(place.weight) {}
  int32_t index;
  float before, behind;
  float at(int32_t i) const { return i < index ? before : behind; }
};

IDIOLECT_INLINE float SumOfLarger(const float* weights, int n, float bar) {
  Floats sums[2] = {};
  int i = 0;
  for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
    const Floats a = simd::Load(weights + i), b = simd::Load(weights + i + kLanes);
    sums[0] += a > bar ? a : Floats{};
    sums[1] += b > bar ? b : Floats{};
  }
  float rest = 0;
  for (; i < n; ++i) rest += weights[i] > bar ? weights[i] : 0.0f;
  return simd::Sum(sums[0] + sums[1]) + rest;
}

// Σ of the weights of [begin, end) that are above the place.
IDIOLECT_INLINE float StretchAbove(const float* weights, int begin, int end, const Bars& bars) {
  const int middle = std::clamp(bars.index, begin, end);
  return SumOfLarger(weights + begin, middle - begin, bars.before) +
         SumOfLarger(weights + middle, end - middle, bars.behind);
}

IDIOLECT_INLINE int CountAbove(const float* weights, int n, float weight) {
  Ints count = {};
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) count -= (Ints)(simd::Load(weights + i) > weight);
  int total = 0;
  for (int k = 0; k < kLanes; ++k) total += count[k];
  for (; i < n; ++i) total += weights[i] > weight;
  return total;
}

IDIOLECT_INLINE float FromBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace

IDIOLECT_CLONES double MassAbove(const float* weights, int n, Place place) {
  const Bars bars(place);
  double mass = 0;
  for (int begin = 0; begin < n; begin += kStretch)
    mass += StretchAbove(weights, begin, std::min(n, begin + kStretch), bars);
  return mass;
}

IDIOLECT_CLONES int32_t PickAbove(const float* weights, int n, Place place, double target) {
  const Bars bars(place);
  int last_stretch = 0;  // with any weight, for when rounding leaves the target unreached
  for (int begin = 0; begin < n; begin += kStretch) {
    const double mass = StretchAbove(weights, begin, std::min(n, begin + kStretch), bars);
    if (mass > 0) last_stretch = begin;
    if (mass > target) break;
    target -= mass;
  }
  int32_t last = last_stretch;
  for (int i = last_stretch; i < std::min(n, last_stretch + kStretch); ++i) {
    if (weights[i] <= bars.at(i) || weights[i] == 0) continue;
    last = i;
    target -= weights[i];
    if (target < 0) break;
  }
  return last;
}

// The bits of floats from 0 up are in the floats' order, so the weight is found by halving an interval of integers.
IDIOLECT_CLONES Place KthPlace(const float* weights, int n, int k) {
  if (CountAbove(weights, n, 0) < k) return kBehindAll;
  uint32_t low = 0, high = 0x7F800000;  // at least k weights are above `low`; fewer than k are above `high`
  while (high - low > 1) {
    const uint32_t middle = low + (high - low) / 2;
    (CountAbove(weights, n, FromBits(middle)) >= k ? low : high) = middle;
  }
  const float weight = FromBits(high);
  int left = k - CountAbove(weights, n, weight);
  for (int i = 0; i < n; ++i) {
    if (weights[i] == weight && --left == 0) return {weight, i};
  }
  return kBehindAll;
}

void KeepUpTo(float* weights, int n, Place place) {
  for (int i = 0; i < n; ++i) {
    if (weights[i] < place.weight || (weights[i] == place.weight && i > place.index)) weights[i] = 0;
  }
}

std::vector<Place> FirstPlaces(const float* weights, int n, int count) {
  constexpr int kBlock = 256;
  std::vector<Place> places;
  const auto full = static_cast<size_t>(count);
  for (int begin = 0; begin < n; begin += kBlock) {
    const int end = std::min(n, begin + kBlock);
    const float bar = places.size() < full ? 0.0f : places.back().weight;
    if (Max(weights + begin, end - begin) <= bar) continue;
    for (int i = begin; i < end; ++i) {
      if (weights[i] <= (places.size() < full ? 0.0f : places.back().weight)) continue;
      const auto behind =
          std::find_if(places.begin(), places.end(), [&](const Place& p) { return p.weight < weights[i]; });
      places.insert(behind, {weights[i], i});
      if (places.size() > full) places.pop_back();
    }
  }
  return places;
}

}  // namespace idiolect
