// The table `users`: one row for each user that has a history.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "store/sqlite_connection.h"
#include "store/user_state.h"

namespace idiolect {

// Nothing for a user never seen.
absl::StatusOr<std::optional<UserState>> LoadUser(SqliteConnection& connection, const UserKey& user);
absl::Status SaveUser(SqliteConnection& connection, const UserKey& user, const UserState& state);
absl::Status RemoveUser(SqliteConnection& connection, const UserKey& user);

// A number that no life of any user has had in this database.
absl::StatusOr<int64_t> TakeEpoch(SqliteConnection& connection);

absl::StatusOr<std::vector<std::string>> LoadTenants(SqliteConnection& connection);
// At most `limit` users of the tenant whose id is above `after`.
absl::StatusOr<std::vector<UserSummary>> LoadUsersAfter(SqliteConnection& connection, std::string_view tenant,
                                                        std::string_view after, int64_t limit);

}  // namespace idiolect
