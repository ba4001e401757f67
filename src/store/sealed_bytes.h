// AES-256-GCM over bytes, by OpenSSL.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "store/master_key.h"

namespace idiolect {

// A random nonce of 12 bytes, the encrypted text, a tag of 16 bytes. `context` is authenticated, not contained.
absl::StatusOr<std::string> SealBytes(const SecretKey& key, std::string_view context, std::string_view text);

// kDataLoss where the bytes are not what SealBytes gave for the same key and context.
absl::StatusOr<std::string> OpenBytes(const SecretKey& key, std::string_view context, std::string_view sealed);

// HMAC-SHA-256, 32 bytes.
std::string AuthenticationCode(const SecretKey& key, std::string_view content);

}  // namespace idiolect
