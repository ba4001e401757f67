#include "store/postgres_deletions.h"

#include "store/status_macros.h"

namespace idiolect {
namespace {

constexpr int64_t kMinute = 60'000'000;

// Rows that were written up to a minute before the last look count as well: their transactions may have committed
// after it. What has been told is known by its id.
constexpr PostgresStatement kLoadDeletions{
    "load_deletions",
    "SELECT id, tenant, user_id, (extract(epoch FROM created) * 1000000)::bigint FROM idiolect.deletions "
    "WHERE created > to_timestamp($1::bigint / 1000000.0) ORDER BY id"};
constexpr PostgresStatement kReadClock{"read_clock",
                                       "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"};

}  // namespace

absl::StatusOr<bool> PostgresDeletions::Poll(PostgresConnection& connection) {
  connection.Send(kReadClock);
  // The first time what there is counts as told: nothing can have been derived from it yet.
  const bool first = last_poll_ == 0;
  connection.Send(kLoadDeletions, {first ? int64_t{0} : last_poll_ - kMinute});
  STORE_ASSIGN_OR_RETURN(const std::vector<PostgresResult> results, connection.Run());
  const PostgresResult& rows = results.back();
  bool any = false;
  for (int row = 0; row < rows.rows(); ++row) {
    Deletion deletion{{rows.Bytes(row, 1), rows.Bytes(row, 2)}, rows.Integer(row, 3)};
    const auto [entry, is_new] = told_.try_emplace(rows.Integer(row, 0), std::move(deletion));
    if (!is_new || first) continue;
    any = true;
    if (on_deletion_) on_deletion_(entry->second.user);
  }
  last_poll_ = results.front().Integer(0, 0);
  TellAgain(last_poll_ - 2 * kMinute);
  return any;
}

void PostgresDeletions::TellAgain(int64_t before) {
  std::erase_if(told_, [&](const auto& entry) {
    if (entry.second.created >= before) return false;
    if (on_deletion_) on_deletion_(entry.second.user);
    return true;
  });
}

}  // namespace idiolect
