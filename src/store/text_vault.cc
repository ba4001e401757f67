#include "store/text_vault.h"

#include <openssl/rand.h>

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "store/sealed_bytes.h"
#include "store/status_macros.h"
#include "store/wipe.h"

namespace idiolect {
namespace {

// The first byte of a sealed exchange: the form of what follows.
constexpr char kVersion = 1;
constexpr size_t kLengthBytes = 4;
constexpr char kCheckText[] = "the master key of this database";

std::array<std::string*, 4> TextsOf(Exchange& exchange) {
  return {&exchange.post, &exchange.response, &exchange.post_user, &exchange.source};
}

std::string Join(const Exchange& exchange) {
  std::string joined;
  joined.reserve(4 * kLengthBytes + exchange.post.size() + exchange.response.size() + exchange.post_user.size() +
                 exchange.source.size());
  for (const std::string* text : {&exchange.post, &exchange.response, &exchange.post_user, &exchange.source}) {
    for (size_t i = 0; i < kLengthBytes; ++i) joined += static_cast<char>(text->size() >> (8 * i) & 0xff);
    joined += *text;
  }
  return joined;
}

bool Split(std::string_view joined, Exchange& exchange) {
  for (std::string* text : TextsOf(exchange)) {
    if (joined.size() < kLengthBytes) return false;
    size_t size = 0;
    for (size_t i = 0; i < kLengthBytes; ++i) size |= size_t{static_cast<unsigned char>(joined[i])} << (8 * i);
    if (joined.size() - kLengthBytes < size) return false;
    *text = joined.substr(kLengthBytes, size);
    joined.remove_prefix(kLengthBytes + size);
  }
  return joined.empty();
}

std::string ContextOf(const UserKey& user, int64_t sequence) {
  return absl::StrCat("exchange ", user.tenant.size(), ":", user.tenant, user.user_id.size(), ":", user.user_id,
                      sequence);
}

std::string KeyContext(std::string_view key_id) { return absl::StrCat("key ", std::string(key_id)); }

}  // namespace

UserCipher::UserCipher(UserKey user, const SecretKey& data_key)
    : user_(std::move(user)),
      text_key_(AuthenticationCode(data_key, "texts")),
      digest_key_(AuthenticationCode(data_key, "digests")) {}

absl::StatusOr<std::string> UserCipher::Seal(const Exchange& exchange) const {
  std::string joined = Join(exchange);
  absl::StatusOr<std::string> sealed = SealBytes(text_key_, ContextOf(user_, exchange.sequence), joined);
  WipeText(joined);
  if (sealed.ok()) sealed->insert(sealed->begin(), kVersion);
  return sealed;
}

absl::Status UserCipher::Open(std::string_view sealed, Exchange& exchange) const {
  absl::Status status = absl::DataLossError("");
  if (!sealed.empty() && sealed.front() == kVersion) {
    absl::StatusOr<std::string> joined = OpenBytes(text_key_, ContextOf(user_, exchange.sequence), sealed.substr(1));
    if (joined.ok() && Split(*joined, exchange)) status = absl::OkStatus();
    if (joined.ok()) WipeText(*joined);
  }
  if (status.ok()) return status;
  return absl::DataLossError(
      absl::StrCat("exchange ", exchange.sequence, " of a user is damaged, or sealed as another exchange"));
}

std::string UserCipher::Digest(std::string_view content) const { return AuthenticationCode(digest_key_, content); }

absl::StatusOr<std::string> TextVault::NewKey() const {
  std::string key_id(kKeyIdBytes, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(key_id.data()), kKeyIdBytes) != 1) {
    return absl::InternalError("the system gives no random numbers");
  }
  STORE_ASSIGN_OR_RETURN(const SecretKey data_key, RandomSecretKey());
  return Wrap(key_id, data_key);
}

absl::StatusOr<UserCipher> TextVault::Unwrap(const UserKey& user, std::string_view wrapped) const {
  STORE_ASSIGN_OR_RETURN(const SecretKey data_key, UnwrapKey(wrapped));
  return UserCipher(user, data_key);
}

absl::StatusOr<std::string> TextVault::Rewrap(std::string_view wrapped, const TextVault& other) const {
  STORE_ASSIGN_OR_RETURN(const SecretKey data_key, UnwrapKey(wrapped));
  return other.Wrap(wrapped.substr(0, kKeyIdBytes), data_key);
}

absl::StatusOr<std::string> TextVault::Wrap(std::string_view key_id, const SecretKey& data_key) const {
  const std::string_view bytes(reinterpret_cast<const char*>(data_key.data()), data_key.size());
  STORE_ASSIGN_OR_RETURN(const std::string sealed, SealBytes(master_key_, KeyContext(key_id), bytes));
  return absl::StrCat(std::string(key_id), sealed);
}

absl::StatusOr<SecretKey> TextVault::UnwrapKey(std::string_view wrapped) const {
  if (wrapped.size() != kWrappedKeyBytes) return absl::DataLossError("the key of a user is damaged");
  absl::StatusOr<std::string> bytes =
      OpenBytes(master_key_, KeyContext(wrapped.substr(0, kKeyIdBytes)), wrapped.substr(kKeyIdBytes));
  if (!bytes.ok()) return absl::DataLossError("the key of a user is damaged, or wrapped by another master key");
  return SecretKey(*std::move(bytes));
}

absl::StatusOr<std::string> TextVault::MakeCheck() const { return SealBytes(master_key_, "check", kCheckText); }

absl::Status TextVault::Verify(std::string_view check) const {
  const absl::StatusOr<std::string> text = OpenBytes(master_key_, "check", check);
  if (text.ok() && *text == kCheckText) return absl::OkStatus();
  return absl::FailedPreconditionError("the master key is not the one that the database was encrypted with");
}

}  // namespace idiolect
