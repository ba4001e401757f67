// The table `exchanges`. Where a user has a cipher the texts are sealed.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "idiolect/history_store.h"
#include "store/sqlite_connection.h"
#include "store/text_vault.h"

namespace idiolect {

absl::Status InsertExchange(SqliteConnection& connection, const UserKey& user, const Exchange& exchange,
                            const std::optional<UserCipher>& cipher);

// Nothing where there is none.
absl::StatusOr<std::optional<Exchange>> LoadExchange(SqliteConnection& connection, const UserKey& user,
                                                     const std::optional<UserCipher>& cipher, int64_t sequence);
// The stored `time` alone.
absl::StatusOr<std::optional<int64_t>> LoadExchangeTime(SqliteConnection& connection, const UserKey& user,
                                                        int64_t sequence);

// At most `limit` exchanges that come after `sequence` in the order: above it, or below it for newest first.
absl::StatusOr<std::vector<Exchange>> LoadExchangesAfter(SqliteConnection& connection, const UserKey& user,
                                                         const std::optional<UserCipher>& cipher, ListOrder order,
                                                         int64_t sequence, int64_t limit);

// Smallest and largest stored time; zeros without exchanges. Reads all exchanges of the user, but not their texts.
absl::StatusOr<std::pair<int64_t, int64_t>> LoadTimeRange(SqliteConnection& connection, const UserKey& user);

absl::Status RemoveExchange(SqliteConnection& connection, const UserKey& user, int64_t sequence);
// How many there were.
absl::StatusOr<int64_t> RemoveAllExchanges(SqliteConnection& connection, const UserKey& user);

}  // namespace idiolect
