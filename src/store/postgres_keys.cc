#include "store/postgres_keys.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "store/postgres_schema.h"
#include "store/status_macros.h"

namespace idiolect {
namespace {

constexpr PostgresStatement kReadRing{
    "read_ring",
    "SELECT check_text, (SELECT count(*) FROM idiolect.meta WHERE key = 'encrypted'), "
    "EXISTS (SELECT 1 FROM idiolect.users)::int::bigint FROM (VALUES (1)) AS one (id) "
    "LEFT JOIN idiolect_keys.ring USING (id)"};
constexpr PostgresStatement kMakeRing{"make_ring", "INSERT INTO idiolect_keys.ring VALUES (1, $1)"};
constexpr PostgresStatement kSetRing{"set_ring", "UPDATE idiolect_keys.ring SET check_text = $1"};
constexpr PostgresStatement kNoteEncryption{"note_encryption", "INSERT INTO idiolect.meta VALUES ('encrypted', '1')"};
constexpr PostgresStatement kLoadKey{"load_key",
                                     "SELECT wrapped FROM idiolect_keys.user_keys WHERE tenant = $1 AND user_id = $2"};
constexpr PostgresStatement kStoreKey{"store_key",
                                      "INSERT INTO idiolect_keys.user_keys VALUES ($1, $2, $3) "
                                      "ON CONFLICT (tenant, user_id) DO UPDATE SET wrapped = EXCLUDED.wrapped"};
constexpr PostgresStatement kEraseKey{"erase_key",
                                      "DELETE FROM idiolect_keys.user_keys WHERE tenant = $1 AND user_id = $2"};
constexpr PostgresStatement kLoadAllKeys{"load_all_keys",
                                         "SELECT tenant, user_id, wrapped FROM idiolect_keys.user_keys FOR UPDATE"};

struct Ring {
  std::string check;
  bool encrypted = false;  // as the database itself remembers
  bool has_users = false;
};

absl::StatusOr<Ring> ReadRing(PostgresConnection& connection) {
  STORE_ASSIGN_OR_RETURN(const PostgresResult row, connection.RunOne(kReadRing));
  return Ring{row.Bytes(0, 0), row.Integer(0, 1) > 0, row.Integer(0, 2) > 0};
}

absl::Status CheckRing(const Ring& ring, const TextVault* vault) {
  if (ring.encrypted && vault == nullptr) {
    return absl::FailedPreconditionError(
        "the history tables in PostgreSQL are encrypted: give their master key with --master-key-file or in "
        "IDIOLECT_MASTER_KEY");
  }
  if (ring.encrypted && ring.check.empty()) {
    return absl::FailedPreconditionError(
        "the history tables in PostgreSQL are encrypted, and the keys are missing: restore the schema idiolect_keys");
  }
  if (ring.encrypted) return vault->Verify(ring.check);
  if (vault == nullptr || !ring.has_users) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "the history tables in PostgreSQL hold plain texts, and there is a master key: move them to an empty database "
      "with `idiolect store copy FROM TO --new-master-key-file PATH`");
}

absl::Status MakeRing(PostgresConnection& connection, const TextVault& vault) {
  LockPostgresSchema(connection);
  STORE_ASSIGN_OR_RETURN(const Ring ring, ReadRing(connection));
  STORE_RETURN_IF_ERROR(CheckRing(ring, &vault));
  if (ring.encrypted) return connection.Commit();  // another server was faster
  STORE_ASSIGN_OR_RETURN(const std::string check, vault.MakeCheck());
  connection.Send(kMakeRing, {check});
  connection.Send(kNoteEncryption);
  return connection.Commit();
}

}  // namespace

absl::StatusOr<PostgresKeys> PostgresKeys::Open(PostgresConnection& connection,
                                                std::shared_ptr<const TextVault> vault) {
  STORE_ASSIGN_OR_RETURN(const Ring ring, ReadRing(connection));
  STORE_RETURN_IF_ERROR(CheckRing(ring, vault.get()));
  if (vault != nullptr && !ring.encrypted) STORE_RETURN_IF_ERROR(MakeRing(connection, *vault));
  return PostgresKeys(std::move(vault));
}

absl::StatusOr<bool> PostgresKeys::IsEncrypted(PostgresConnection& connection) {
  STORE_ASSIGN_OR_RETURN(const Ring ring, ReadRing(connection));
  return ring.encrypted;
}

void PostgresKeys::SendLoad(PostgresConnection& connection, const UserKey& user) const {
  if (encrypts()) connection.Send(kLoadKey, {user.tenant, user.user_id});
}

absl::StatusOr<std::optional<UserCipher>> PostgresKeys::CipherOf(const UserKey& user, const std::string& key_id,
                                                                 const PostgresResult& row) const {
  if (key_id.empty()) return std::nullopt;
  if (row.rows() == 1) {
    NewKey key{key_id, row.Bytes(0, 0)};
    if (key.wrapped.starts_with(key_id)) return Unwrap(user, key);
  }
  return absl::DataLossError(
      "the key of this user is not in the table idiolect_keys.user_keys: the user was erased, or the keys were "
      "restored from before; erase the user");
}

absl::StatusOr<PostgresKeys::NewKey> PostgresKeys::Make() const {
  if (!encrypts()) return NewKey();
  STORE_ASSIGN_OR_RETURN(std::string wrapped, vault_->NewKey());
  return NewKey{wrapped.substr(0, kKeyIdBytes), std::move(wrapped)};
}

absl::StatusOr<UserCipher> PostgresKeys::Unwrap(const UserKey& user, const NewKey& key) const {
  return vault_->Unwrap(user, key.wrapped);
}

void PostgresKeys::SendStore(PostgresConnection& connection, const UserKey& user, const NewKey& key) const {
  if (encrypts()) connection.Send(kStoreKey, {user.tenant, user.user_id, key.wrapped});
}

void PostgresKeys::SendErase(PostgresConnection& connection, const UserKey& user) const {
  connection.Send(kEraseKey, {user.tenant, user.user_id});
}

absl::StatusOr<int64_t> RekeyPostgres(PostgresConnection& connection, const TextVault& vault,
                                      const TextVault& new_vault) {
  LockPostgresSchema(connection);
  STORE_ASSIGN_OR_RETURN(const Ring ring, ReadRing(connection));
  if (!ring.encrypted) return absl::FailedPreconditionError("the history tables in PostgreSQL are not encrypted");
  STORE_RETURN_IF_ERROR(CheckRing(ring, &vault));
  STORE_ASSIGN_OR_RETURN(const PostgresResult keys, connection.RunOne(kLoadAllKeys));
  for (int row = 0; row < keys.rows(); ++row) {
    STORE_ASSIGN_OR_RETURN(const std::string wrapped, vault.Rewrap(keys.Bytes(row, 2), new_vault));
    connection.Send(kStoreKey, {keys.Bytes(row, 0), keys.Bytes(row, 1), wrapped});
  }
  STORE_ASSIGN_OR_RETURN(const std::string check, new_vault.MakeCheck());
  connection.Send(kSetRing, {check});
  STORE_RETURN_IF_ERROR(connection.Commit());
  return keys.rows();
}

}  // namespace idiolect
