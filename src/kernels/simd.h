// Sixteen floats at a time, in the compiler's vector types, so that one source serves every instruction set.
//
// A function marked IDIOLECT_CLONES is compiled for AVX-512, AVX2 and plain x86-64; the processor's own is chosen when
// the program starts. The order of every sum is written out here, not left to the compiler: a row's result depends on
// the row alone, wherever it lies in memory and whoever lies beside it.
//
// For kernels/*.cc only: everything here must be inlined into a clone.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define IDIOLECT_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define IDIOLECT_CLONES  // a sanitizer is not yet up when the loader chooses among clones
#endif
#define IDIOLECT_INLINE static inline __attribute__((always_inline))

namespace idiolect::simd {

constexpr int kLanes = 16;
using Floats = float __attribute__((vector_size(64)));
using Ints = int32_t __attribute__((vector_size(64)));

IDIOLECT_INLINE Floats Broadcast(float x) { return Floats{} + x; }

IDIOLECT_INLINE Floats Load(const float* p) {
  Floats v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
IDIOLECT_INLINE Ints LoadInts(const int32_t* p) {
  Ints v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
IDIOLECT_INLINE void Store(float* p, Floats v) { std::memcpy(p, &v, sizeof v); }

// The first `count` (1 to 15) floats at p, the others `fill`.
IDIOLECT_INLINE Floats LoadSome(const float* p, int count, float fill) {
  float lanes[kLanes];
  for (int k = 0; k < kLanes; ++k) lanes[k] = k < count ? p[k] : fill;
  return Load(lanes);
}
IDIOLECT_INLINE void StoreSome(float* p, int count, Floats v) {
  for (int k = 0; k < count; ++k) p[k] = v[k];
}

IDIOLECT_INLINE float Sum(Floats v) {
  float sum = 0;
  for (int k = 0; k < kLanes; ++k) sum += v[k];
  return sum;
}
IDIOLECT_INLINE Floats Larger(Floats a, Floats b) { return a > b ? a : b; }
IDIOLECT_INLINE float Largest(Floats v) {
  float largest = v[0];
  for (int k = 1; k < kLanes; ++k) largest = v[k] > largest ? v[k] : largest;
  return largest;
}

// e^x to about one unit in the last place; 0 below -87, and x must not be above 88. The range is reduced by ln 2 in two
// parts (Cody and Waite), the rest is a polynomial with the coefficients of Cephes' expf.
IDIOLECT_INLINE Floats Exp(Floats x) {
  const Ints possible = x > -87.0f;
  x = possible ? x : Floats{};
  const Floats magic = Broadcast(12582912.0f);  // 1.5 · 2^23: adding it rounds to an integer, in the lowest bits
  const Floats t = x * 1.44269504088896341f + magic;
  const Floats n = t - magic;
  const Floats r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  Floats p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  const Ints exponent = ((Ints)t - (Ints)magic + 127) << 23;
  return possible ? p * (Floats)exponent : Floats{};
}

IDIOLECT_INLINE Floats Sigmoid(Floats x) { return 1.0f / (1.0f + Exp(-(x < -80.0f ? Broadcast(-80.0f) : x))); }

IDIOLECT_INLINE Floats Tanh(Floats x) {
  const Floats bounded = x > 40.0f ? Broadcast(40.0f) : x;
  return 1.0f - 2.0f / (Exp(bounded + bounded) + 1.0f);
}

}  // namespace idiolect::simd
