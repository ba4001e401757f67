#include "store/exchange_table.h"

#include "store/user_state.h"

namespace idiolect {
namespace {

constexpr std::string_view kSelectOne =
    "SELECT sequence, time, source, post_user, post, response, sealed FROM exchanges "
    "WHERE tenant = ? AND user_id = ? AND sequence = ?";
constexpr std::string_view kSelectOldestFirst =
    "SELECT sequence, time, source, post_user, post, response, sealed FROM exchanges "
    "WHERE tenant = ? AND user_id = ? AND sequence > ? ORDER BY sequence LIMIT ?";
constexpr std::string_view kSelectNewestFirst =
    "SELECT sequence, time, source, post_user, post, response, sealed FROM exchanges "
    "WHERE tenant = ? AND user_id = ? AND sequence < ? ORDER BY sequence DESC LIMIT ?";

absl::StatusOr<Exchange> ReadExchange(const SqliteStatement& row, const std::optional<UserCipher>& cipher) {
  Exchange exchange{.sequence = row.Integer(0),
                    .post = row.Text(4),
                    .response = row.Text(5),
                    .post_user = row.Text(3),
                    .time = absl::FromUnixMicros(row.Integer(1)),
                    .source = row.Text(2)};
  if (cipher.has_value()) STORE_RETURN_IF_ERROR(cipher->Open(row.Bytes(6), exchange));
  return exchange;
}

}  // namespace

absl::Status InsertExchange(SqliteConnection& connection, const UserKey& user, const Exchange& exchange,
                            const std::optional<UserCipher>& cipher) {
  constexpr std::string_view kSql =
      "INSERT INTO exchanges (tenant, user_id, sequence, time, source, post_user, post, response, sealed) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
  const int64_t time = StoredTime(exchange.time);
  constexpr std::string_view kNone = "";
  if (!cipher.has_value()) {
    return connection.Run(kSql, user.tenant, user.user_id, exchange.sequence, time, exchange.source, exchange.post_user,
                          exchange.post, exchange.response, Blob{kNone});
  }
  STORE_ASSIGN_OR_RETURN(const std::string sealed, cipher->Seal(exchange));
  return connection.Run(kSql, user.tenant, user.user_id, exchange.sequence, time, kNone, kNone, kNone, kNone,
                        Blob{sealed});
}

absl::StatusOr<std::optional<Exchange>> LoadExchange(SqliteConnection& connection, const UserKey& user,
                                                     const std::optional<UserCipher>& cipher, int64_t sequence) {
  STORE_ASSIGN_OR_RETURN(SqliteStatement row, connection.Query(kSelectOne, user.tenant, user.user_id, sequence));
  STORE_ASSIGN_OR_RETURN(bool found, row.Next());
  if (!found) return std::nullopt;
  return ReadExchange(row, cipher);
}

absl::StatusOr<std::optional<int64_t>> LoadExchangeTime(SqliteConnection& connection, const UserKey& user,
                                                        int64_t sequence) {
  STORE_ASSIGN_OR_RETURN(
      SqliteStatement row,
      connection.Query("SELECT time FROM exchanges WHERE tenant = ? AND user_id = ? AND sequence = ?", user.tenant,
                       user.user_id, sequence));
  STORE_ASSIGN_OR_RETURN(bool found, row.Next());
  if (!found) return std::nullopt;
  return row.Integer(0);
}

absl::StatusOr<std::vector<Exchange>> LoadExchangesAfter(SqliteConnection& connection, const UserKey& user,
                                                         const std::optional<UserCipher>& cipher, ListOrder order,
                                                         int64_t sequence, int64_t limit) {
  const std::string_view sql = order == ListOrder::kNewestFirst ? kSelectNewestFirst : kSelectOldestFirst;
  STORE_ASSIGN_OR_RETURN(SqliteStatement row, connection.Query(sql, user.tenant, user.user_id, sequence, limit));
  std::vector<Exchange> exchanges;
  while (true) {
    STORE_ASSIGN_OR_RETURN(bool more, row.Next());
    if (!more) return exchanges;
    STORE_ASSIGN_OR_RETURN(Exchange exchange, ReadExchange(row, cipher));
    exchanges.push_back(std::move(exchange));
  }
}

absl::StatusOr<std::pair<int64_t, int64_t>> LoadTimeRange(SqliteConnection& connection, const UserKey& user) {
  STORE_ASSIGN_OR_RETURN(SqliteStatement row,
                         connection.Query("SELECT min(time), max(time) FROM exchanges WHERE tenant = ? AND user_id = ?",
                                          user.tenant, user.user_id));
  STORE_ASSIGN_OR_RETURN(bool found, row.Next());
  if (!found) return std::pair<int64_t, int64_t>(0, 0);
  return std::pair<int64_t, int64_t>(row.Integer(0), row.Integer(1));
}

absl::Status RemoveExchange(SqliteConnection& connection, const UserKey& user, int64_t sequence) {
  return connection.Run("DELETE FROM exchanges WHERE tenant = ? AND user_id = ? AND sequence = ?", user.tenant,
                        user.user_id, sequence);
}

absl::StatusOr<int64_t> RemoveAllExchanges(SqliteConnection& connection, const UserKey& user) {
  STORE_RETURN_IF_ERROR(
      connection.Run("DELETE FROM exchanges WHERE tenant = ? AND user_id = ?", user.tenant, user.user_id));
  return connection.changed_rows();
}

}  // namespace idiolect
