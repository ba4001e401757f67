#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "store/durable_file.h"
#include "store/exchange_table.h"
#include "store/key_ring.h"
#include "store/request_table.h"
#include "store/sqlite_database.h"
#include "store/sqlite_maintenance.h"
#include "store/user_table.h"

namespace idiolect {
namespace {

struct PlainRequest {
  int64_t operation = 0;
  std::string id;
  std::string digest;
};

absl::StatusOr<std::vector<UserKey>> LoadAllUsers(SqliteConnection& connection) {
  STORE_ASSIGN_OR_RETURN(SqliteStatement row, connection.Query("SELECT tenant, user_id FROM users"));
  std::vector<UserKey> users;
  while (true) {
    STORE_ASSIGN_OR_RETURN(const bool more, row.Next());
    if (!more) return users;
    users.push_back({row.Text(0), row.Text(1)});
  }
}

absl::StatusOr<std::vector<PlainRequest>> LoadRequests(SqliteConnection& connection, const UserKey& user) {
  STORE_ASSIGN_OR_RETURN(
      SqliteStatement row,
      connection.Query("SELECT operation, request_id, digest FROM requests WHERE tenant = ? AND user_id = ?",
                       user.tenant, user.user_id));
  std::vector<PlainRequest> requests;
  while (true) {
    STORE_ASSIGN_OR_RETURN(const bool more, row.Next());
    if (!more) return requests;
    requests.push_back({row.Integer(0), row.Text(1), row.Bytes(2)});
  }
}

absl::Status SealRequests(SqliteConnection& connection, const UserKey& user, const UserCipher& cipher) {
  STORE_ASSIGN_OR_RETURN(const std::vector<PlainRequest> requests, LoadRequests(connection, user));
  for (const PlainRequest& request : requests) {
    const std::string id = SealedRequestId(cipher, request.id);
    const std::string digest = cipher.Digest(request.digest);
    STORE_RETURN_IF_ERROR(
        connection.Run("UPDATE requests SET request_id = ?, digest = ? WHERE tenant = ? AND user_id = ? AND "
                       "operation = ? AND request_id = ?",
                       id, Blob{digest}, user.tenant, user.user_id, request.operation, request.id));
  }
  return absl::OkStatus();
}

absl::Status SealExchanges(SqliteConnection& connection, const UserKey& user, const UserCipher& cipher) {
  int64_t after = 0;
  while (true) {
    STORE_ASSIGN_OR_RETURN(const std::vector<Exchange> exchanges,
                           LoadExchangesAfter(connection, user, std::nullopt, ListOrder::kOldestFirst, after, 1000));
    if (exchanges.empty()) return absl::OkStatus();
    for (const Exchange& exchange : exchanges) {
      STORE_ASSIGN_OR_RETURN(const std::string sealed, cipher.Seal(exchange));
      STORE_RETURN_IF_ERROR(
          connection.Run("UPDATE exchanges SET source = '', post_user = '', post = '', response = '', sealed = ? "
                         "WHERE tenant = ? AND user_id = ? AND sequence = ?",
                         Blob{sealed}, user.tenant, user.user_id, exchange.sequence));
    }
    after = exchanges.back().sequence;
  }
}

absl::Status SealUser(SqliteConnection& connection, KeyRing& keys, const UserKey& user) {
  STORE_ASSIGN_OR_RETURN(const std::string key_ref, keys.NewKey());
  STORE_ASSIGN_OR_RETURN(const UserCipher cipher, keys.CipherOf(user, key_ref));
  STORE_RETURN_IF_ERROR(SealExchanges(connection, user, cipher));
  STORE_RETURN_IF_ERROR(SealRequests(connection, user, cipher));
  return connection.Run("UPDATE users SET key_ref = ? WHERE tenant = ? AND user_id = ?", Blob{key_ref}, user.tenant,
                        user.user_id);
}

}  // namespace

absl::StatusOr<int64_t> EncryptSqliteStore(const std::string& path, const std::shared_ptr<const TextVault>& vault) {
  STORE_ASSIGN_OR_RETURN(SqliteDatabase database, OpenSqliteDatabase(path, {}));
  SqliteConnection& connection = *database.connection;
  STORE_ASSIGN_OR_RETURN(const std::optional<std::string> key_file, FindKeyFileId(connection));
  if (key_file.has_value()) return absl::AlreadyExistsError(absl::StrCat(path, " is encrypted already"));
  STORE_RETURN_IF_ERROR(connection.Run("BEGIN IMMEDIATE"));
  STORE_ASSIGN_OR_RETURN(const std::unique_ptr<KeyRing> keys, StartKeyRing(connection, vault));
  STORE_ASSIGN_OR_RETURN(const std::vector<UserKey> users, LoadAllUsers(connection));
  for (const UserKey& user : users) STORE_RETURN_IF_ERROR(SealUser(connection, *keys, user));
  STORE_RETURN_IF_ERROR(keys->file().Sync());
  STORE_RETURN_IF_ERROR(connection.Run("COMMIT"));
  database.log_keeper->Erase();
  if (database.log_keeper->erasure_pending()) {
    return absl::UnavailableError(absl::StrCat(
        path,
        " is encrypted, but plain texts can't be overwritten while another program reads it: start a server, "
        "which does it at its start, when that program has ended"));
  }
  return static_cast<int64_t>(users.size());
}

absl::StatusOr<int64_t> RekeySqliteStore(const std::string& path, const TextVault& vault, const TextVault& new_vault) {
  STORE_ASSIGN_OR_RETURN(const std::unique_ptr<FileLock> lock, LockDatabase(path));
  const std::string key_path = KeyFilePath(path);
  STORE_ASSIGN_OR_RETURN(const std::unique_ptr<KeyFile> keys, KeyFile::Open(key_path, vault));
  const std::string unfinished = absl::StrCat(key_path, ".part");
  std::remove(unfinished.c_str());
  STORE_RETURN_IF_ERROR(
      keys->CopyTo(unfinished, new_vault, [&](std::string_view wrapped) { return vault.Rewrap(wrapped, new_vault); }));
  STORE_ASSIGN_OR_RETURN(const int64_t count, keys->CountKeys());
  STORE_RETURN_IF_ERROR(RenameDurably(unfinished, key_path));
  STORE_RETURN_IF_ERROR(keys->Overwrite());
  return count;
}

}  // namespace idiolect
