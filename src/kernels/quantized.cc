#include "kernels/quantized.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "absl/container/inlined_vector.h"
#include "kernels/simd.h"

namespace idiolect {
namespace {

using simd::Floats;
using simd::kLanes;

IDIOLECT_INLINE float LargestMagnitude(const float* x, int n) {
  Floats largest = {};
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const Floats v = simd::Load(x + i);
    largest = simd::Larger(largest, v < 0 ? -v : v);
  }
  float result = simd::Largest(largest);
  for (; i < n; ++i) result = std::max(result, std::fabs(x[i]));
  return result;
}

// Rounds to the nearest integer, ties to even, by a detour through a number whose last bit is worth 1.
IDIOLECT_INLINE int32_t Round(float x) {
  const float shifted = x + 12582912.0f;
  int32_t bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  return bits - 0x4B400000;
}

// The factor from values to integers, 0 for a row that is as good as zero.
IDIOLECT_INLINE float ToIntegers(float largest, float limit) { return largest > 1e-30f ? limit / largest : 0.0f; }

}  // namespace

IDIOLECT_CLONES float QuantizeActivations(const float* x, int n, int limit, uint8_t* out) {
  const float largest = LargestMagnitude(x, n);
  const float factor = ToIntegers(largest, static_cast<float>(limit));
  for (int i = 0; i < n; ++i) out[i] = static_cast<uint8_t>(Round(x[i] * factor) + limit + 1);
  return factor == 0 ? 0 : largest / static_cast<float>(limit);
}

IDIOLECT_CLONES float QuantizeRow16(const float* x, int n, int limit, int16_t* out) {
  const float largest = LargestMagnitude(x, n);
  const float factor = ToIntegers(largest, static_cast<float>(limit));
  for (int i = 0; i < n; ++i) out[i] = static_cast<int16_t>(Round(x[i] * factor));
  return factor == 0 ? 0 : largest / static_cast<float>(limit);
}

IDIOLECT_CLONES float QuantizeRow(const float* x, int n, int8_t* out) {
  const float largest = LargestMagnitude(x, n);
  const float factor = ToIntegers(largest, 127);
  for (int i = 0; i < n; ++i) out[i] = static_cast<int8_t>(Round(x[i] * factor));
  return factor == 0 ? 0 : largest / 127;
}

IDIOLECT_CLONES float Dequantize(const int32_t* sums, const int32_t* corrections, const float* column_scales,
                                 const float* bias, float row_scale, int n, float* y) {
  Floats largest = simd::Broadcast(-std::numeric_limits<float>::infinity());
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const simd::Ints exact = simd::LoadInts(sums + i) - simd::LoadInts(corrections + i);
    const Floats v =
        __builtin_convertvector(exact, Floats) * (simd::Load(column_scales + i) * row_scale) + simd::Load(bias + i);
    largest = simd::Larger(largest, v);
    simd::Store(y + i, v);
  }
  float result = simd::Largest(largest);
  for (; i < n; ++i) {
    y[i] = static_cast<float>(sums[i] - corrections[i]) * (column_scales[i] * row_scale) + bias[i];
    result = std::max(result, y[i]);
  }
  return result;
}

IDIOLECT_CLONES void AddScaledBytes(float* y, float scale, const int8_t* x, int n) {
  for (int i = 0; i < n; ++i) y[i] += scale * static_cast<float>(x[i]);
}

IDIOLECT_CLONES void DotBytes(const float* query, const int8_t* table, const float* scales, int rows, int n,
                              float factor, float* out) {
  const float largest = LargestMagnitude(query, n);
  const float limit =
      static_cast<float>(std::min(32767, static_cast<int>(std::numeric_limits<int32_t>::max() / (128 * n))));
  const float to_integers = ToIntegers(largest, limit);
  absl::InlinedVector<int16_t, 1024> integers(n);
  int16_t* q = integers.data();
  for (int i = 0; i < n; ++i) q[i] = static_cast<int16_t>(Round(query[i] * to_integers));
  const float scale = to_integers == 0 ? 0 : factor * largest / limit;
  for (int row = 0; row < rows; ++row) {
    const int8_t* bytes = table + static_cast<int64_t>(row) * n;
    int32_t sum = 0;  // exact, so the compiler may add in any order
    for (int i = 0; i < n; ++i) sum += static_cast<int32_t>(q[i]) * static_cast<int16_t>(bytes[i]);
    out[row] = static_cast<float>(sum) * (scale * scales[row]);
  }
}

IDIOLECT_CLONES void ToBfloat16(const float* x, int n, uint16_t* out) {
  for (int i = 0; i < n; ++i) {
    uint32_t bits;
    std::memcpy(&bits, x + i, sizeof bits);
    out[i] = static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
  }
}

}  // namespace idiolect
