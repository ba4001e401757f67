#include "store/page_token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <limits>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "store/content_digest.h"
#include "store/status_macros.h"

namespace idiolect {
namespace {

constexpr size_t kSealBytes = 16;

std::string SealOf(std::string_view key, std::string_view list, std::string_view position) {
  const std::string content = Digest({list, position});
  unsigned char seal[EVP_MAX_MD_SIZE];
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(content.data()),
       content.size(), seal, nullptr);
  return std::string(reinterpret_cast<const char*>(seal), kSealBytes);
}

std::string ExchangesOf(const UserKey& user, ListOrder order) {
  return Digest({"exchanges", user.tenant, user.user_id, order == ListOrder::kNewestFirst ? "newest" : "oldest"});
}

std::string UsersOf(std::string_view tenant) { return Digest({"users", tenant}); }

}  // namespace

std::string PageTokens::ForExchanges(const UserKey& user, ListOrder order, int64_t last_sequence) const {
  return Seal(ExchangesOf(user, order), absl::StrCat(last_sequence));
}

absl::StatusOr<int64_t> PageTokens::ParseExchanges(const UserKey& user, ListOrder order, std::string_view token) const {
  if (token.empty()) return order == ListOrder::kNewestFirst ? std::numeric_limits<int64_t>::max() : 0;
  STORE_ASSIGN_OR_RETURN(std::string position, Open(ExchangesOf(user, order), token));
  int64_t sequence = 0;
  if (!absl::SimpleAtoi(position, &sequence)) return absl::InternalError("a sealed page token without a position");
  return sequence;
}

std::string PageTokens::ForUsers(std::string_view tenant, std::string_view last_user_id) const {
  return Seal(UsersOf(tenant), last_user_id);
}

absl::StatusOr<std::string> PageTokens::ParseUsers(std::string_view tenant, std::string_view token) const {
  if (token.empty()) return std::string();
  return Open(UsersOf(tenant), token);
}

std::string PageTokens::Seal(std::string_view list, std::string_view position) const {
  return absl::WebSafeBase64Escape(SealOf(key_, list, position).append(position));
}

absl::StatusOr<std::string> PageTokens::Open(std::string_view list, std::string_view token) const {
  std::string bytes;
  if (absl::WebSafeBase64Unescape(std::string(token), &bytes) && bytes.size() >= kSealBytes) {
    const std::string position = bytes.substr(kSealBytes);
    const std::string seal = SealOf(key_, list, position);
    if (CRYPTO_memcmp(seal.data(), bytes.data(), kSealBytes) == 0) return position;
  }
  return absl::InvalidArgumentError("the page token is not from the page before of the same list");
}

}  // namespace idiolect
