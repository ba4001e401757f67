#include "store/postgres_rows.h"

#include "store/status_macros.h"

namespace idiolect {
namespace {

constexpr PostgresStatement kLoadUser{
    "load_user",
    "SELECT epoch, revision, last_sequence, exchange_count, first_time, last_time, key_id "
    "FROM idiolect.users WHERE tenant = $1 AND user_id = $2"};
constexpr PostgresStatement kLockUser{
    "lock_user",
    "SELECT epoch, revision, last_sequence, exchange_count, first_time, last_time, key_id "
    "FROM idiolect.users WHERE tenant = $1 AND user_id = $2 FOR UPDATE"};
constexpr PostgresStatement kInsertUser{
    "insert_user",
    "INSERT INTO idiolect.users VALUES ($1, $2, nextval('idiolect.epochs'), 0, 0, 0, 0, 0, $3) "
    "ON CONFLICT (tenant, user_id) DO NOTHING RETURNING epoch"};
constexpr PostgresStatement kSaveUser{
    "save_user",
    "UPDATE idiolect.users SET revision = $3, last_sequence = $4, exchange_count = $5, first_time = $6, last_time = $7 "
    "WHERE tenant = $1 AND user_id = $2"};
constexpr PostgresStatement kRemoveUser{"remove_user", "DELETE FROM idiolect.users WHERE tenant = $1 AND user_id = $2"};
constexpr PostgresStatement kLoadUsersAfter{
    "load_users_after",
    "SELECT epoch, revision, last_sequence, exchange_count, first_time, last_time, key_id, user_id "
    "FROM idiolect.users WHERE tenant = $1 AND user_id > $2 ORDER BY user_id LIMIT $3"};
constexpr PostgresStatement kLoadTenants{"load_tenants", "SELECT DISTINCT tenant FROM idiolect.users ORDER BY tenant"};
constexpr PostgresStatement kNoteDeletion{"note_deletion",
                                          "INSERT INTO idiolect.deletions (tenant, user_id) VALUES ($1, $2)"};

constexpr PostgresStatement kLoadOldestFirst{
    "load_oldest_first",
    "SELECT sequence, time, source, post_user, post, response, sealed FROM idiolect.exchanges "
    "WHERE tenant = $1 AND user_id = $2 AND sequence > $3 ORDER BY sequence LIMIT $4"};
constexpr PostgresStatement kLoadNewestFirst{
    "load_newest_first",
    "SELECT sequence, time, source, post_user, post, response, sealed FROM idiolect.exchanges "
    "WHERE tenant = $1 AND user_id = $2 AND sequence < $3 ORDER BY sequence DESC LIMIT $4"};
constexpr PostgresStatement kLoadExchange{
    "load_exchange",
    "SELECT sequence, time, source, post_user, post, response, sealed FROM idiolect.exchanges "
    "WHERE tenant = $1 AND user_id = $2 AND sequence = $3"};
constexpr PostgresStatement kInsertExchange{
    "insert_exchange", "INSERT INTO idiolect.exchanges VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"};
constexpr PostgresStatement kRemoveExchange{
    "remove_exchange",
    "DELETE FROM idiolect.exchanges WHERE tenant = $1 AND user_id = $2 AND sequence = $3 RETURNING time"};
constexpr PostgresStatement kRemoveAllExchanges{"remove_all_exchanges",
                                                "DELETE FROM idiolect.exchanges WHERE tenant = $1 AND user_id = $2"};
constexpr PostgresStatement kLoadTimeRange{
    "load_time_range", "SELECT min(time), max(time) FROM idiolect.exchanges WHERE tenant = $1 AND user_id = $2"};

constexpr PostgresStatement kFindRequest{
    "find_request",
    "SELECT digest, sequence, revision, created FROM idiolect.requests "
    "WHERE tenant = $1 AND user_id = $2 AND operation = $3 AND request_id = $4 AND created >= $5"};
// The same id may still be there, too old to count and not pruned yet.
constexpr PostgresStatement kRememberRequest{
    "remember_request",
    "INSERT INTO idiolect.requests VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
    "ON CONFLICT (tenant, user_id, operation, request_id) DO UPDATE SET digest = EXCLUDED.digest, "
    "sequence = EXCLUDED.sequence, revision = EXCLUDED.revision, created = EXCLUDED.created"};
constexpr PostgresStatement kRemoveRequests{
    "remove_requests",
    "WITH removed AS (DELETE FROM idiolect.requests WHERE tenant = $1 AND user_id = $2 RETURNING operation) "
    "SELECT count(*) FROM removed WHERE operation < 3"};

// Locked so that giving it again waits for the standby as the first time did: only what writes a log waits.
constexpr PostgresStatement kFindReceipt{
    "find_receipt",
    "SELECT exchanges_erased, request_ids_erased, last_revision, time FROM idiolect.receipts WHERE digest = $1 "
    "FOR UPDATE"};
constexpr PostgresStatement kRememberReceipt{
    "remember_receipt", "INSERT INTO idiolect.receipts VALUES ($1, $2, $3, $4, $5) ON CONFLICT (digest) DO NOTHING"};

UserState ReadState(const PostgresResult& rows, int row) {
  return {.epoch = rows.Integer(row, 0),
          .revision = rows.Integer(row, 1),
          .last_sequence = rows.Integer(row, 2),
          .exchange_count = rows.Integer(row, 3),
          .first_time = rows.Integer(row, 4),
          .last_time = rows.Integer(row, 5),
          .key_ref = rows.Bytes(row, 6)};
}

}  // namespace

void SendLoadUser(PostgresConnection& connection, const UserKey& user) {
  connection.Send(kLoadUser, {user.tenant, user.user_id});
}

void SendLockUser(PostgresConnection& connection, const UserKey& user) {
  connection.Send(kLockUser, {user.tenant, user.user_id});
}

std::optional<UserState> ReadUser(const PostgresResult& row) {
  if (row.rows() == 0) return std::nullopt;
  return ReadState(row, 0);
}

void SendInsertUser(PostgresConnection& connection, const UserKey& user, std::string_view key_id) {
  connection.Send(kInsertUser, {user.tenant, user.user_id, key_id});
}

void SendSaveUser(PostgresConnection& connection, const UserKey& user, const UserState& state) {
  connection.Send(kSaveUser, {user.tenant, user.user_id, state.revision, state.last_sequence, state.exchange_count,
                              state.first_time, state.last_time});
}

void SendRemoveUser(PostgresConnection& connection, const UserKey& user) {
  connection.Send(kRemoveUser, {user.tenant, user.user_id});
}

void SendLoadUsersAfter(PostgresConnection& connection, std::string_view tenant, std::string_view after,
                        int64_t limit) {
  connection.Send(kLoadUsersAfter, {tenant, after, limit});
}

std::vector<UserSummary> ReadUsers(const PostgresResult& rows) {
  std::vector<UserSummary> users;
  for (int row = 0; row < rows.rows(); ++row) users.push_back(ReadState(rows, row).Summary(rows.Bytes(row, 7)));
  return users;
}

absl::StatusOr<std::vector<std::string>> LoadTenants(PostgresConnection& connection) {
  STORE_ASSIGN_OR_RETURN(const PostgresResult rows, connection.RunOne(kLoadTenants));
  std::vector<std::string> tenants;
  for (int row = 0; row < rows.rows(); ++row) tenants.push_back(rows.Bytes(row, 0));
  return tenants;
}

void SendNoteDeletion(PostgresConnection& connection, const UserKey& user) {
  connection.Send(kNoteDeletion, {user.tenant, user.user_id});
}

void SendLoadExchangesAfter(PostgresConnection& connection, const UserKey& user, ListOrder order, int64_t sequence,
                            int64_t limit) {
  connection.Send(order == ListOrder::kNewestFirst ? kLoadNewestFirst : kLoadOldestFirst,
                  {user.tenant, user.user_id, sequence, limit});
}

void SendLoadExchange(PostgresConnection& connection, const UserKey& user, int64_t sequence) {
  connection.Send(kLoadExchange, {user.tenant, user.user_id, sequence});
}

absl::StatusOr<std::vector<Exchange>> ReadExchanges(const PostgresResult& rows,
                                                    const std::optional<UserCipher>& cipher) {
  std::vector<Exchange> exchanges;
  exchanges.reserve(rows.rows());
  for (int row = 0; row < rows.rows(); ++row) {
    Exchange& exchange = exchanges.emplace_back(Exchange{.sequence = rows.Integer(row, 0),
                                                         .post = rows.Bytes(row, 4),
                                                         .response = rows.Bytes(row, 5),
                                                         .post_user = rows.Bytes(row, 3),
                                                         .time = absl::FromUnixMicros(rows.Integer(row, 1)),
                                                         .source = rows.Bytes(row, 2)});
    if (cipher.has_value()) STORE_RETURN_IF_ERROR(cipher->Open(rows.Bytes(row, 6), exchange));
  }
  return exchanges;
}

absl::Status SendInsertExchange(PostgresConnection& connection, const UserKey& user, const Exchange& exchange,
                                const std::optional<UserCipher>& cipher) {
  const int64_t time = StoredTime(exchange.time);
  constexpr std::string_view kNone = "";
  if (!cipher.has_value()) {
    connection.Send(kInsertExchange, {user.tenant, user.user_id, exchange.sequence, time, exchange.source,
                                      exchange.post_user, exchange.post, exchange.response, kNone});
    return absl::OkStatus();
  }
  STORE_ASSIGN_OR_RETURN(const std::string sealed, cipher->Seal(exchange));
  connection.Send(kInsertExchange,
                  {user.tenant, user.user_id, exchange.sequence, time, kNone, kNone, kNone, kNone, sealed});
  return absl::OkStatus();
}

void SendRemoveExchange(PostgresConnection& connection, const UserKey& user, int64_t sequence) {
  connection.Send(kRemoveExchange, {user.tenant, user.user_id, sequence});
}

void SendRemoveAllExchanges(PostgresConnection& connection, const UserKey& user) {
  connection.Send(kRemoveAllExchanges, {user.tenant, user.user_id});
}

void SendLoadTimeRange(PostgresConnection& connection, const UserKey& user) {
  connection.Send(kLoadTimeRange, {user.tenant, user.user_id});
}

std::pair<int64_t, int64_t> ReadTimeRange(const PostgresResult& row) { return {row.Integer(0, 0), row.Integer(0, 1)}; }

PostgresRequest SealPostgresRequest(const std::optional<UserCipher>& cipher, PostgresRequest request) {
  if (!cipher.has_value()) return request;
  return {request.kind, SealedRequestId(*cipher, request.id), cipher->Digest(request.digest)};
}

void SendFindRequest(PostgresConnection& connection, const UserKey& user, const PostgresRequest& request,
                     int64_t oldest) {
  connection.Send(kFindRequest, {user.tenant, user.user_id, static_cast<int64_t>(request.kind), request.id, oldest});
}

std::optional<AnsweredRequest> ReadRequest(const PostgresResult& row) {
  if (row.rows() == 0) return std::nullopt;
  return AnsweredRequest{.digest = row.Bytes(0, 0),
                         .sequence = row.Integer(0, 1),
                         .revision = row.Integer(0, 2),
                         .created = row.Integer(0, 3)};
}

void SendRememberRequest(PostgresConnection& connection, const UserKey& user, const PostgresRequest& request,
                         const AnsweredRequest& answer) {
  connection.Send(kRememberRequest, {user.tenant, user.user_id, static_cast<int64_t>(request.kind), request.id,
                                     answer.digest, answer.sequence, answer.revision, answer.created});
}

void SendRemoveRequestsOfUser(PostgresConnection& connection, const UserKey& user) {
  connection.Send(kRemoveRequests, {user.tenant, user.user_id});
}

void SendFindReceipt(PostgresConnection& connection, std::string_view digest) {
  connection.Send(kFindReceipt, {digest});
}

std::optional<ErasureReceipt> ReadReceipt(const PostgresResult& row) {
  if (row.rows() == 0) return std::nullopt;
  return ErasureReceipt{.exchanges_erased = row.Integer(0, 0),
                        .request_ids_erased = row.Integer(0, 1),
                        .last_revision = row.Integer(0, 2),
                        .time = absl::FromUnixMicros(row.Integer(0, 3))};
}

void SendRememberReceipt(PostgresConnection& connection, std::string_view digest, const ErasureReceipt& receipt) {
  connection.Send(kRememberReceipt, {digest, receipt.exchanges_erased, receipt.request_ids_erased,
                                     receipt.last_revision, StoredTime(receipt.time)});
}

}  // namespace idiolect
