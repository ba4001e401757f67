#include "store/user_table.h"

namespace idiolect {
namespace {

// Reads epoch, revision, last_sequence, exchange_count, first_time, last_time, key_ref from `column` on.
UserState ReadState(const SqliteStatement& row, int column) {
  return {.epoch = row.Integer(column),
          .revision = row.Integer(column + 1),
          .last_sequence = row.Integer(column + 2),
          .exchange_count = row.Integer(column + 3),
          .first_time = row.Integer(column + 4),
          .last_time = row.Integer(column + 5),
          .key_ref = row.Bytes(column + 6)};
}

}  // namespace

absl::StatusOr<std::optional<UserState>> LoadUser(SqliteConnection& connection, const UserKey& user) {
  STORE_ASSIGN_OR_RETURN(
      SqliteStatement row,
      connection.Query("SELECT epoch, revision, last_sequence, exchange_count, first_time, last_time, key_ref "
                       "FROM users WHERE tenant = ? AND user_id = ?",
                       user.tenant, user.user_id));
  STORE_ASSIGN_OR_RETURN(bool found, row.Next());
  if (!found) return std::nullopt;
  return ReadState(row, 0);
}

absl::Status SaveUser(SqliteConnection& connection, const UserKey& user, const UserState& state) {
  return connection.Run("INSERT OR REPLACE INTO users VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", user.tenant, user.user_id,
                        state.epoch, state.revision, state.last_sequence, state.exchange_count, state.first_time,
                        state.last_time, Blob{state.key_ref});
}

absl::Status RemoveUser(SqliteConnection& connection, const UserKey& user) {
  return connection.Run("DELETE FROM users WHERE tenant = ? AND user_id = ?", user.tenant, user.user_id);
}

absl::StatusOr<int64_t> TakeEpoch(SqliteConnection& connection) {
  STORE_RETURN_IF_ERROR(connection.Run("UPDATE meta SET value = value + 1 WHERE key = 'last_epoch'"));
  return connection.QueryInteger("SELECT value FROM meta WHERE key = 'last_epoch'");
}

absl::StatusOr<std::vector<std::string>> LoadTenants(SqliteConnection& connection) {
  STORE_ASSIGN_OR_RETURN(SqliteStatement row, connection.Query("SELECT DISTINCT tenant FROM users ORDER BY tenant"));
  std::vector<std::string> tenants;
  while (true) {
    STORE_ASSIGN_OR_RETURN(bool more, row.Next());
    if (!more) return tenants;
    tenants.push_back(row.Text(0));
  }
}

absl::StatusOr<std::vector<UserSummary>> LoadUsersAfter(SqliteConnection& connection, std::string_view tenant,
                                                        std::string_view after, int64_t limit) {
  STORE_ASSIGN_OR_RETURN(
      SqliteStatement row,
      connection.Query("SELECT user_id, epoch, revision, last_sequence, exchange_count, first_time, last_time, key_ref "
                       "FROM users WHERE tenant = ? AND user_id > ? ORDER BY user_id LIMIT ?",
                       tenant, after, limit));
  std::vector<UserSummary> users;
  while (true) {
    STORE_ASSIGN_OR_RETURN(bool more, row.Next());
    if (!more) return users;
    users.push_back(ReadState(row, 1).Summary(row.Text(0)));
  }
}

}  // namespace idiolect
