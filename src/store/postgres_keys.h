// The data keys of users in PostgreSQL: wrapped by the vault's master key, in the schema idiolect_keys.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/postgres_connection.h"
#include "store/text_vault.h"

namespace idiolect {

class PostgresKeys {
 public:
  // Of a database whose tables are up to date. An empty one becomes encrypted when there is a vault.
  // kFailedPrecondition where the vault is missing or of another master key, or where there are plain texts and a
  // vault.
  static absl::StatusOr<PostgresKeys> Open(PostgresConnection& connection, std::shared_ptr<const TextVault> vault);

  // Whether the texts are encrypted, whatever keys there are.
  static absl::StatusOr<bool> IsEncrypted(PostgresConnection& connection);

  bool encrypts() const { return vault_ != nullptr; }

  // Queues the reading of a user's key; does nothing where nothing is encrypted.
  void SendLoad(PostgresConnection& connection, const UserKey& user) const;
  // What a user's texts are sealed with, of the row that SendLoad asked for. kDataLoss where it is not the key of this
  // id: it was erased, and an older copy of the users put in place. Nothing where `key_id` is empty.
  absl::StatusOr<std::optional<UserCipher>> CipherOf(const UserKey& user, const std::string& key_id,
                                                     const PostgresResult& row) const;

  // A new key for a user.
  struct NewKey {
    std::string id;       // by which the user's row knows it
    std::string wrapped;  // as it is stored
  };
  absl::StatusOr<NewKey> Make() const;
  absl::StatusOr<UserCipher> Unwrap(const UserKey& user, const NewKey& key) const;
  void SendStore(PostgresConnection& connection, const UserKey& user, const NewKey& key) const;
  void SendErase(PostgresConnection& connection, const UserKey& user) const;

 private:
  explicit PostgresKeys(std::shared_ptr<const TextVault> vault) : vault_(std::move(vault)) {}

  std::shared_ptr<const TextVault> vault_;  // null where nothing is encrypted
};

// Wraps all keys by another master key, in one transaction; the texts stay as they are. The number of keys.
// kFailedPrecondition where nothing is encrypted, or `vault` is not the one.
absl::StatusOr<int64_t> RekeyPostgres(PostgresConnection& connection, const TextVault& vault,
                                      const TextVault& new_vault);

}  // namespace idiolect
