// The statements over users, exchanges and requests in PostgreSQL, and how their rows are read. `Send…` queues a
// statement on the connection; `Read…` reads the result that it gives.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "idiolect/history_store.h"
#include "store/postgres_connection.h"
#include "store/request_table.h"
#include "store/text_vault.h"
#include "store/user_state.h"

namespace idiolect {

// Users. Who locks several in one transaction does so in the order of their keys, so that no two servers wait for each
// other.
void SendLoadUser(PostgresConnection& connection, const UserKey& user);
void SendLockUser(PostgresConnection& connection, const UserKey& user);
std::optional<UserState> ReadUser(const PostgresResult& row);
// A row for a user who has none, with a new epoch, which is what the result holds. No row comes back where another
// transaction was faster.
void SendInsertUser(PostgresConnection& connection, const UserKey& user, std::string_view key_id);
void SendSaveUser(PostgresConnection& connection, const UserKey& user, const UserState& state);
void SendRemoveUser(PostgresConnection& connection, const UserKey& user);
// Users of a tenant after one, in the order of their ids' bytes.
void SendLoadUsersAfter(PostgresConnection& connection, std::string_view tenant, std::string_view after, int64_t limit);
std::vector<UserSummary> ReadUsers(const PostgresResult& rows);
absl::StatusOr<std::vector<std::string>> LoadTenants(PostgresConnection& connection);
// Tells every server that something of the user was deleted.
void SendNoteDeletion(PostgresConnection& connection, const UserKey& user);

// Exchanges. Those after `sequence` in the order.
void SendLoadExchangesAfter(PostgresConnection& connection, const UserKey& user, ListOrder order, int64_t sequence,
                            int64_t limit);
void SendLoadExchange(PostgresConnection& connection, const UserKey& user, int64_t sequence);
absl::StatusOr<std::vector<Exchange>> ReadExchanges(const PostgresResult& rows,
                                                    const std::optional<UserCipher>& cipher);
absl::Status SendInsertExchange(PostgresConnection& connection, const UserKey& user, const Exchange& exchange,
                                const std::optional<UserCipher>& cipher);
// The result holds the time of the exchange, where there was one.
void SendRemoveExchange(PostgresConnection& connection, const UserKey& user, int64_t sequence);
void SendRemoveAllExchanges(PostgresConnection& connection, const UserKey& user);
// The first and the last time of the user's exchanges, zeros where there are none.
void SendLoadTimeRange(PostgresConnection& connection, const UserKey& user);
std::pair<int64_t, int64_t> ReadTimeRange(const PostgresResult& row);

// Requests. One that was remembered before `oldest` (microseconds) is not found.
struct PostgresRequest {
  RequestKind kind;
  std::string id;
  std::string digest;
};
// As the table knows it: of encrypted texts not even a digest is kept that somebody could try guesses on.
PostgresRequest SealPostgresRequest(const std::optional<UserCipher>& cipher, PostgresRequest request);
void SendFindRequest(PostgresConnection& connection, const UserKey& user, const PostgresRequest& request,
                     int64_t oldest);
std::optional<AnsweredRequest> ReadRequest(const PostgresResult& row);
void SendRememberRequest(PostgresConnection& connection, const UserKey& user, const PostgresRequest& request,
                         const AnsweredRequest& answer);
// The result holds how many there were that a caller had named.
void SendRemoveRequestsOfUser(PostgresConnection& connection, const UserKey& user);

// Receipts of erasures.
void SendFindReceipt(PostgresConnection& connection, std::string_view digest);
std::optional<ErasureReceipt> ReadReceipt(const PostgresResult& row);
// Nothing happens where there is one already: the result tells by its changed rows.
void SendRememberReceipt(PostgresConnection& connection, std::string_view digest, const ErasureReceipt& receipt);

}  // namespace idiolect
