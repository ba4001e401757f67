// Choosing among the weights of a vocabulary without sorting it: every function is one or a few passes over n numbers,
// 16 at a time. Weights are at least 0. Order, everywhere: the larger weight first, of equals the smaller index.
// Thread-safe: pure functions.
#pragma once

#include <cstdint>
#include <vector>

namespace idiolect {

// A place in that order. What lies before it is «above» it.
struct Place {
  float weight;
  int32_t index;
};
inline constexpr Place kBehindAll = {-1.0f, 0};  // every weight is above it

// Σ of the weights above the place.
double MassAbove(const float* weights, int n, Place place);

// The index at which the running sum, in index order, of the weights above the place exceeds `target`. The last index
// with a weight when rounding leaves none.
int32_t PickAbove(const float* weights, int n, Place place, double target);

// The k-th place (k >= 1) among those of weight above 0, or kBehindAll when there are fewer.
Place KthPlace(const float* weights, int n, int k);

// Sets every weight that is not above or at the place to 0.
void KeepUpTo(float* weights, int n, Place place);

// The `count` first places of weight above 0.
std::vector<Place> FirstPlaces(const float* weights, int n, int count);

}  // namespace idiolect
