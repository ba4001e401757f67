#include "kernels/vector_math.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/simd.h"

namespace idiolect {
namespace {

using simd::Floats;
using simd::kLanes;

// y[i] = f(x[i]) for a row, the rest that fills no vector included.
template <typename F>
IDIOLECT_INLINE void Map(const float* x, int n, float* y, const F& f) {
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) simd::Store(y + i, f(simd::Load(x + i)));
  if (i < n) simd::StoreSome(y + i, n - i, f(simd::LoadSome(x + i, n - i, 0)));
}

IDIOLECT_INLINE float SumOf(const float* x, int n) {
  Floats sum = {};
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) sum += simd::Load(x + i);
  if (i < n) sum += simd::LoadSome(x + i, n - i, 0);
  return simd::Sum(sum);
}

IDIOLECT_INLINE Floats GeluOf(Floats x) {
  const Floats z = x * 0.70710678118654752f;
  const Floats magnitude = z < 0 ? -z : z;
  const Floats t = 1.0f / (1.0f + 0.3275911f * magnitude);
  Floats p = t * 1.061405429f - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  const Floats tail = p * t * simd::Exp(-(magnitude * magnitude));  // 1 - erf |z|
  return 0.5f * x * (z < 0 ? tail : 2.0f - tail);
}

}  // namespace

IDIOLECT_CLONES float Dot(const float* a, const float* b, int n) {
  Floats sum = {};
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) sum += simd::Load(a + i) * simd::Load(b + i);
  if (i < n) sum += simd::LoadSome(a + i, n - i, 0) * simd::LoadSome(b + i, n - i, 0);
  return simd::Sum(sum);
}

IDIOLECT_CLONES void AddScaled(float* y, float scale, const float* x, int n) {
  for (int i = 0; i < n; ++i) y[i] += scale * x[i];
}

IDIOLECT_CLONES void Add(float* y, const float* x, int n) {
  for (int i = 0; i < n; ++i) y[i] += x[i];
}

IDIOLECT_CLONES void Tanh(float* x, int n) { Map(x, n, x, simd::Tanh); }

IDIOLECT_CLONES void Gelu(float* x, int n) { Map(x, n, x, GeluOf); }

IDIOLECT_CLONES void LayerNorm(const float* x, const float* weight, const float* bias, float epsilon, int n, float* y) {
  const float mean = SumOf(x, n) / static_cast<float>(n);
  for (int i = 0; i < n; ++i) y[i] = x[i] - mean;
  Floats squares = {};
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) squares += simd::Load(y + i) * simd::Load(y + i);
  if (i < n) squares += simd::LoadSome(y + i, n - i, 0) * simd::LoadSome(y + i, n - i, 0);
  const float scale = 1.0f / std::sqrt(simd::Sum(squares) / static_cast<float>(n) + epsilon);
  for (int k = 0; k < n; ++k) y[k] = y[k] * scale * weight[k] + bias[k];
}

IDIOLECT_CLONES float Max(const float* x, int n) {
  Floats largest = simd::Broadcast(x[0]);
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) largest = simd::Larger(largest, simd::Load(x + i));
  if (i < n) largest = simd::Larger(largest, simd::LoadSome(x + i, n - i, x[0]));
  return simd::Largest(largest);
}

IDIOLECT_CLONES float AddBias(const float* x, const float* bias, int n, float* y) {
  for (int i = 0; i < n; ++i) y[i] = x[i] + bias[i];
  return Max(y, n);
}

IDIOLECT_CLONES double ExpSum(const float* x, float shift, float scale, int n, float* y) {
  constexpr int kStretch = 1024;
  double total = 0;
  for (int begin = 0; begin < n; begin += kStretch) {
    const int end = std::min(n, begin + kStretch);
    Floats sum = {};
    int i = begin;
    for (; i + kLanes <= end; i += kLanes) {
      const Floats e = simd::Exp((simd::Load(x + i) - shift) * scale);
      simd::Store(y + i, e);
      sum += e;
    }
    if (i < end) {
      const float nothing = -std::numeric_limits<float>::infinity();
      const Floats e = simd::Exp((simd::LoadSome(x + i, end - i, nothing) - shift) * scale);
      simd::StoreSome(y + i, end - i, e);
      sum += e;
    }
    total += simd::Sum(sum);
  }
  return total;
}

void Softmax(float* x, float scale, int n) {
  if (n == 0) return;
  const auto inverse = static_cast<float>(1.0 / ExpSum(x, Max(x, n), scale, n, x));
  for (int i = 0; i < n; ++i) x[i] *= inverse;
}

IDIOLECT_CLONES void AdvanceGru(const float* gates_x, const float* gates_h, int hidden, float* state) {
  const auto advance = [&](int i, const auto& load) __attribute__((always_inline)) {
    const Floats r = simd::Sigmoid(load(gates_x + i) + load(gates_h + i));
    const Floats z = simd::Sigmoid(load(gates_x + hidden + i) + load(gates_h + hidden + i));
    const Floats n = simd::Tanh(load(gates_x + 2 * hidden + i) + r * load(gates_h + 2 * hidden + i));
    return n + z * (load(state + i) - n);  // (1 - z) n + z h
  };
  int i = 0;
  for (; i + kLanes <= hidden; i += kLanes) simd::Store(state + i, advance(i, simd::Load));
  if (i == hidden) return;
  const int left = hidden - i;
  const auto load_some = [left](const float* p) __attribute__((always_inline)) { return simd::LoadSome(p, left, 0); };
  simd::StoreSome(state + i, left, advance(i, load_some));
}

}  // namespace idiolect
