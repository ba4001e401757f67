#include "store/retention.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <tuple>

#include "store/exchange_table.h"
#include "store/user_table.h"

namespace idiolect {
namespace {

constexpr int64_t kMostExchanges = 5000;
constexpr int64_t kNoCap = std::numeric_limits<int64_t>::max();

// Users of the tenant with something to delete.
absl::StatusOr<std::vector<UserKey>> FindDueUsers(SqliteConnection& connection, const std::string& tenant,
                                                  int64_t oldest, int64_t cap) {
  STORE_ASSIGN_OR_RETURN(SqliteStatement row,
                         connection.Query("SELECT user_id FROM users WHERE tenant = ? AND exchange_count > 0 AND "
                                          "(first_time < ? OR exchange_count > ?) LIMIT ?",
                                          tenant, oldest, cap, kMostExchanges));
  std::vector<UserKey> users;
  while (true) {
    STORE_ASSIGN_OR_RETURN(bool more, row.Next());
    if (!more) return users;
    users.push_back({tenant, row.Text(0)});
  }
}

absl::StatusOr<int64_t> DeleteExpired(SqliteConnection& connection, const UserKey& user, int64_t oldest,
                                      int64_t limit) {
  STORE_RETURN_IF_ERROR(connection.Run(
      "DELETE FROM exchanges WHERE tenant = ?1 AND user_id = ?2 AND sequence IN (SELECT sequence FROM exchanges "
      "WHERE tenant = ?1 AND user_id = ?2 AND time < ?3 ORDER BY sequence LIMIT ?4)",
      user.tenant, user.user_id, oldest, limit));
  return connection.changed_rows();
}

absl::StatusOr<int64_t> DeleteFirst(SqliteConnection& connection, const UserKey& user, int64_t count) {
  if (count <= 0) return 0;
  STORE_RETURN_IF_ERROR(connection.Run(
      "DELETE FROM exchanges WHERE tenant = ?1 AND user_id = ?2 AND sequence IN (SELECT sequence FROM exchanges "
      "WHERE tenant = ?1 AND user_id = ?2 ORDER BY sequence LIMIT ?3)",
      user.tenant, user.user_id, count));
  return connection.changed_rows();
}

// How many exchanges were deleted, at most `limit`.
absl::StatusOr<int64_t> SweepUser(SqliteConnection& connection, const UserKey& user, int64_t oldest, int64_t cap,
                                  int64_t limit) {
  STORE_ASSIGN_OR_RETURN(std::optional<UserState> state, LoadUser(connection, user));
  if (!state.has_value()) return 0;
  STORE_ASSIGN_OR_RETURN(int64_t deleted, DeleteExpired(connection, user, oldest, limit));
  const int64_t above = std::min(state->exchange_count - deleted - cap, limit - deleted);
  STORE_ASSIGN_OR_RETURN(const int64_t first, DeleteFirst(connection, user, above));
  deleted += first;
  if (deleted == 0) return 0;
  state->exchange_count -= deleted;
  state->revision += deleted;
  STORE_ASSIGN_OR_RETURN(std::tie(state->first_time, state->last_time), LoadTimeRange(connection, user));
  STORE_RETURN_IF_ERROR(SaveUser(connection, user, *state));
  return deleted;
}

}  // namespace

absl::StatusOr<SweepResult> Sweep(SqliteConnection& connection, const StoreOptions& options) {
  SweepResult result;
  if (!options.deletes_by_itself()) return result;
  const int64_t cap = options.max_exchanges_per_user > 0 ? options.max_exchanges_per_user : kNoCap;
  int64_t budget = kMostExchanges;
  STORE_ASSIGN_OR_RETURN(const std::vector<std::string> tenants, LoadTenants(connection));
  for (const std::string& tenant : tenants) {
    const int64_t oldest = StoredTime(options.now() - options.TimeToLive(tenant));
    STORE_ASSIGN_OR_RETURN(const std::vector<UserKey> users, FindDueUsers(connection, tenant, oldest, cap));
    for (const UserKey& user : users) {
      STORE_ASSIGN_OR_RETURN(const int64_t deleted, SweepUser(connection, user, oldest, cap, budget));
      if (deleted > 0) result.users.push_back(user);
      budget -= deleted;
      result.more = budget == 0;
      if (result.more) return result;
    }
  }
  return result;
}

}  // namespace idiolect
