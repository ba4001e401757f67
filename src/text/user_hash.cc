#include "text/user_hash.h"

#include <charconv>

namespace idiolect {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

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

uint64_t UserHash(std::string_view source, std::string_view user) {
  return Mix(Hash(user, Hash("\n", Hash(source, 0xcbf29ce484222325))));
}

std::string UserHashText(uint64_t hash) {
  std::string text(16, '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, hash >>= 4) *digit = kDigits[hash & 15];
  return text;
}

std::optional<uint64_t> ParseUserHash(std::string_view text) {
  if (text.size() != 16 || text.find_first_not_of(kDigits) != text.npos) return std::nullopt;
  uint64_t hash = 0;
  std::from_chars(text.data(), text.data() + text.size(), hash, 16);
  return hash;
}

}  // namespace idiolect
