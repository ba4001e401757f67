// The writing calls of the store, each inside a transaction that its caller has begun: on an error the caller rolls
// back.
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "idiolect/history_store.h"
#include "store/sqlite_connection.h"

namespace idiolect {

class HistoryWrites {
 public:
  // Request ids remembered before `oldest_request` don't count any more.
  HistoryWrites(SqliteConnection& connection, absl::Time now, absl::Time oldest_request)
      : connection_(connection), now_(now), oldest_request_(oldest_request) {}

  absl::StatusOr<AppendResult> Append(const UserKey& user, const Exchange& exchange, std::string_view request_id);
  absl::StatusOr<std::vector<ImportOutcome>> Import(absl::Span<const ImportRecord> records);
  absl::StatusOr<DeleteResult> Delete(const UserKey& user, int64_t sequence, std::string_view request_id);
  absl::StatusOr<ErasureReceipt> Forget(const UserKey& user, std::string_view request_id);

 private:
  absl::StatusOr<AppendResult> AppendNew(const UserKey& user, const Exchange& exchange);
  absl::StatusOr<DeleteResult> DeleteNew(const UserKey& user, int64_t sequence);
  absl::StatusOr<ErasureReceipt> ForgetNow(const UserKey& user);

  SqliteConnection& connection_;
  absl::Time now_;
  absl::Time oldest_request_;
};

}  // namespace idiolect
