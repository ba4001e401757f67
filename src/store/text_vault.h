// Encryption at rest: what users said is sealed under a key of each user, and each user's key under the master key.
//
//   master key ─ wraps ─ data key of a user ─ seals ─ post, response, post_user, source of each exchange
//                                           └ keys ─ the digests of requests, so that they give no text away
//
// Everything is AES-256-GCM with random nonces. A sealed exchange opens only as the same exchange (tenant, user,
// sequence) that it was sealed as. Without a user's wrapped key nothing of theirs can be read any more, in any copy of
// the database, so a store keeps wrapped keys where its backups don't reach, and erases them with the user.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "idiolect/exchange.h"
#include "store/master_key.h"

namespace idiolect {

// Seals and opens the texts of one user, whose key it holds in memory until it goes. Thread-safe.
class UserCipher {
 public:
  UserCipher(UserKey user, const SecretKey& data_key);

  // The four texts of the exchange, as bytes; kSealedOverhead more than them. Never the same twice.
  absl::StatusOr<std::string> Seal(const Exchange& exchange) const;
  // Fills the four texts of the exchange, whose sequence must be set. kDataLoss where the bytes are damaged, or were
  // sealed as another exchange or under another key.
  absl::Status Open(std::string_view sealed, Exchange& exchange) const;

  // 32 bytes: HMAC-SHA-256 under the user's key, of a digest of content or of a request id.
  std::string Digest(std::string_view content) const;

  static constexpr size_t kSealedOverhead = 1 + 12 + 4 * 4 + 16;  // version, nonce, lengths, tag

 private:
  UserKey user_;
  SecretKey text_key_;
  SecretKey digest_key_;
};

// A user's data key, wrapped: an id of 16 random bytes, which is no secret and tells two keys apart, then the sealed
// key. Nothing in it names the user.
inline constexpr size_t kKeyIdBytes = 16;
inline constexpr size_t kWrappedKeyBytes = kKeyIdBytes + 12 + kKeyBytes + 16;

// Wraps and unwraps users' keys. Thread-safe.
class TextVault {
 public:
  explicit TextVault(SecretKey master_key) : master_key_(std::move(master_key)) {}

  // A new data key for a user, kWrappedKeyBytes long; to be stored durably before anything that is sealed under it.
  absl::StatusOr<std::string> NewKey() const;
  // kDataLoss where the bytes are damaged or wrapped by another master key.
  absl::StatusOr<UserCipher> Unwrap(const UserKey& user, std::string_view wrapped) const;
  // The same data key, with the same id, under the master key of `other`.
  absl::StatusOr<std::string> Rewrap(std::string_view wrapped, const TextVault& other) const;

  // Bytes by which a database knows its master key again.
  absl::StatusOr<std::string> MakeCheck() const;
  // kFailedPrecondition where `check` was made under another master key.
  absl::Status Verify(std::string_view check) const;

 private:
  absl::StatusOr<std::string> Wrap(std::string_view key_id, const SecretKey& data_key) const;
  absl::StatusOr<SecretKey> UnwrapKey(std::string_view wrapped) const;

  const SecretKey master_key_;
};

}  // namespace idiolect
