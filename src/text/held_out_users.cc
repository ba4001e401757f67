#include "text/held_out_users.h"

#include <cstdint>

namespace idiolect {
namespace {

// FNV-1a: the same on every machine, unlike std::hash.
uint64_t Hash(std::string_view text, uint64_t hash) {
  for (const unsigned char c : text) hash = (hash ^ c) * 0x100000001b3;
  return hash;
}

// The finalizer of SplitMix64: FNV alone leaves names that differ in the last letter close together.
uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace

bool IsHeldOut(std::string_view source, std::string_view user, double share) {
  const uint64_t hash = Mix(Hash(user, Hash("\n", Hash(source, 0xcbf29ce484222325))));
  return static_cast<double>(hash >> 11) * 0x1.0p-53 < share;
}

}  // namespace idiolect
