#include "store/postgres_retention.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "store/postgres_rows.h"
#include "store/status_macros.h"

namespace idiolect {
namespace {

constexpr int64_t kMostExchanges = 5000;
constexpr int64_t kMostRequests = 10000;
constexpr int64_t kNoCap = std::numeric_limits<int64_t>::max();
// A call without a request id is repeated by the store within seconds or never.
constexpr absl::Duration kUnnamedLifetime = absl::Minutes(10);

constexpr PostgresStatement kTryLock{"try_prune_lock",
                                     "SELECT pg_try_advisory_xact_lock(7234015718229812)::int::bigint"};
constexpr PostgresStatement kPruneRequests{
    "prune_requests",
    "DELETE FROM idiolect.requests WHERE (tenant, user_id, operation, request_id) IN "
    "(SELECT tenant, user_id, operation, request_id FROM idiolect.requests "
    "WHERE created < $1 OR (operation = 3 AND created < $2) LIMIT $3 FOR UPDATE SKIP LOCKED)"};
constexpr PostgresStatement kPruneDeletions{
    "prune_deletions", "DELETE FROM idiolect.deletions WHERE created < clock_timestamp() - interval '1 hour'"};
constexpr PostgresStatement kFindDueUsers{
    "find_due_users",
    "SELECT user_id FROM idiolect.users WHERE tenant = $1 AND exchange_count > 0 AND "
    "(first_time < $2 OR exchange_count > $3) ORDER BY user_id LIMIT $4"};
constexpr PostgresStatement kDeleteExpired{
    "delete_expired",
    "DELETE FROM idiolect.exchanges WHERE tenant = $1 AND user_id = $2 AND sequence IN (SELECT sequence FROM "
    "idiolect.exchanges WHERE tenant = $1 AND user_id = $2 AND time < $3 ORDER BY sequence LIMIT $4)"};
constexpr PostgresStatement kDeleteFirst{
    "delete_first",
    "DELETE FROM idiolect.exchanges WHERE tenant = $1 AND user_id = $2 AND sequence IN (SELECT sequence FROM "
    "idiolect.exchanges WHERE tenant = $1 AND user_id = $2 ORDER BY sequence LIMIT $3)"};

// Users of the tenant with something to delete.
absl::StatusOr<std::vector<UserKey>> FindDueUsers(PostgresConnection& connection, const std::string& tenant,
                                                  int64_t oldest, int64_t cap) {
  STORE_ASSIGN_OR_RETURN(const PostgresResult rows,
                         connection.RunOne(kFindDueUsers, {tenant, oldest, cap, kMostExchanges}));
  std::vector<UserKey> users;
  for (int row = 0; row < rows.rows(); ++row) users.push_back({tenant, rows.Bytes(row, 0)});
  return users;
}

// How many exchanges were deleted, at most `limit`.
absl::StatusOr<int64_t> SweepUser(PostgresConnection& connection, const UserKey& user, int64_t oldest, int64_t cap,
                                  int64_t limit) {
  SendLockUser(connection, user);
  connection.Send(kDeleteExpired, {user.tenant, user.user_id, oldest, limit});
  STORE_ASSIGN_OR_RETURN(const std::vector<PostgresResult> results, connection.Run());
  std::optional<UserState> state = ReadUser(results.front());
  if (!state.has_value()) return 0;
  int64_t deleted = results.back().changed_rows();
  const int64_t above = std::min(state->exchange_count - deleted - cap, limit - deleted);
  if (above > 0) {
    STORE_ASSIGN_OR_RETURN(const PostgresResult first,
                           connection.RunOne(kDeleteFirst, {user.tenant, user.user_id, above}));
    deleted += first.changed_rows();
  }
  if (deleted == 0) return 0;
  SendLoadTimeRange(connection, user);
  STORE_ASSIGN_OR_RETURN(const std::vector<PostgresResult> range, connection.Run());
  std::tie(state->first_time, state->last_time) = ReadTimeRange(range.front());
  state->exchange_count -= deleted;
  state->revision += deleted;
  SendSaveUser(connection, user, *state);
  SendNoteDeletion(connection, user);
  return deleted;
}

absl::StatusOr<bool> Sweep(PostgresConnection& connection, const StoreOptions& options) {
  if (!options.deletes_by_itself()) return false;
  const int64_t cap = options.max_exchanges_per_user > 0 ? options.max_exchanges_per_user : kNoCap;
  int64_t budget = kMostExchanges;
  STORE_ASSIGN_OR_RETURN(const std::vector<std::string> tenants, LoadTenants(connection));
  for (const std::string& tenant : tenants) {
    const int64_t oldest = StoredTime(options.now() - options.TimeToLive(tenant));
    STORE_ASSIGN_OR_RETURN(const std::vector<UserKey> users, FindDueUsers(connection, tenant, oldest, cap));
    for (const UserKey& user : users) {
      STORE_ASSIGN_OR_RETURN(const int64_t deleted, SweepUser(connection, user, oldest, cap, budget));
      budget -= deleted;
      if (budget == 0) return true;
    }
  }
  return false;
}

}  // namespace

absl::StatusOr<bool> PrunePostgres(PostgresConnection& connection, const StoreOptions& options) {
  connection.BeginWrite();
  STORE_ASSIGN_OR_RETURN(const PostgresResult lock, connection.RunOne(kTryLock));
  if (lock.Integer(0, 0) == 0) return false;
  STORE_ASSIGN_OR_RETURN(const bool more, Sweep(connection, options));
  const absl::Time now = options.now();
  connection.Send(kPruneRequests,
                  {StoredTime(now - options.request_id_lifetime), StoredTime(now - kUnnamedLifetime), kMostRequests});
  connection.Send(kPruneDeletions);
  STORE_ASSIGN_OR_RETURN(const std::vector<PostgresResult> pruned, connection.Run());
  STORE_RETURN_IF_ERROR(connection.Commit());
  return more || pruned[pruned.size() - 2].changed_rows() == kMostRequests;
}

}  // namespace idiolect
