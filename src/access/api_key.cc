#include "access/api_key.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "access/digest.h"

namespace idiolect {
namespace {

constexpr std::string_view kPrefix = "idk_";
constexpr size_t kIdBytes = 6, kSecretBytes = 32, kMaxTenantBytes = 64;

bool IsTenant(std::string_view text) {
  return !text.empty() && text.size() <= kMaxTenantBytes && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
  });
}

}  // namespace

absl::Status CheckApiKey(const ApiKey& key) {
  if (!IsTenant(key.tenant)) {
    return absl::InvalidArgumentError("tenant: must be 1 to 64 of the characters A-Z a-z 0-9 . _ -");
  }
  if (key.scopes.empty()) return absl::InvalidArgumentError("scopes: must not be empty");
  const auto is_control = [](unsigned char c) { return absl::ascii_iscntrl(c); };
  if (std::any_of(key.note.begin(), key.note.end(), is_control)) {
    return absl::InvalidArgumentError("note: must not have control characters");
  }
  return absl::OkStatus();
}

absl::StatusOr<NewApiKey> MakeApiKey(ApiKey key) {
  if (absl::Status status = CheckApiKey(key); !status.ok()) return status;
  const std::string id = RandomBytes(kIdBytes), secret = RandomBytes(kSecretBytes);
  if (id.empty() || secret.empty()) return absl::InternalError("the system gives no random numbers");
  key.id = absl::BytesToHexString(id);
  const std::string text = absl::StrCat(std::string(kPrefix), key.id, "_", absl::WebSafeBase64Escape(secret));
  key.hash = Sha256Hex(text);
  key.created = absl::Now();
  return NewApiKey{.key = std::move(key), .text = text};
}

std::string_view KeyIdOf(std::string_view text) {
  constexpr size_t kEnd = kPrefix.size() + 2 * kIdBytes;
  if (text.size() <= kEnd || text.substr(0, kPrefix.size()) != kPrefix || text[kEnd] != '_') return {};
  return text.substr(kPrefix.size(), 2 * kIdBytes);
}

bool Matches(const ApiKey& key, std::string_view text) {
  const std::string hash = Sha256Hex(text);
  return hash.size() == key.hash.size() && CRYPTO_memcmp(hash.data(), key.hash.data(), hash.size()) == 0;
}

}  // namespace idiolect
