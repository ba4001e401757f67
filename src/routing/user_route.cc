#include "routing/user_route.h"

#include <openssl/sha.h>

#include "absl/strings/escaping.h"

namespace idiolect {
namespace {

constexpr int kRouteBytes = 8;

}  // namespace

std::string RouteOf(std::string_view user_id) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(user_id.data()), user_id.size(), digest);
  return absl::BytesToHexString(std::string(reinterpret_cast<const char*>(digest), kRouteBytes));
}

}  // namespace idiolect
