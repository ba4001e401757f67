// Random numbers that are a function of (seed, candidate, step, draw) and of nothing else: a reply can be replayed
// exactly, whatever ran before it or beside it.
#pragma once

#include <cstdint>

namespace idiolect {

// Uniform in [0, 1), with 53 random bits. The mixing is SplitMix64's finaliser (Steele, Lea, Flood, OOPSLA 2014).
inline double UniformAt(uint64_t seed, uint64_t candidate, uint64_t step, uint64_t draw = 0) {
  const auto mix = [](uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  };
  constexpr uint64_t kGolden = 0x9E3779B97F4A7C15u;
  const uint64_t place = mix(mix(mix(seed + kGolden) + (candidate + 1) * kGolden) + (step + 1) * kGolden);
  const uint64_t bits = draw == 0 ? place : mix(place + draw * kGolden);
  return static_cast<double>(bits >> 11) * 0x1.0p-53;
}

}  // namespace idiolect
