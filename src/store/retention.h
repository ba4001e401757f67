// Ends the time to live of exchanges, and keeps histories within their cap: by deletion, as if the user had done it.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "idiolect/exchange.h"
#include "store/sqlite_connection.h"
#include "store/store_options.h"

namespace idiolect {

struct SweepResult {
  std::vector<UserKey> users;  // who has lost something
  bool more = false;           // so much is due that a part of it waits for the next sweep
};

// Inside a transaction. Deletes a bounded number of exchanges, so that writers don't wait for long.
absl::StatusOr<SweepResult> Sweep(SqliteConnection& connection, const StoreOptions& options);

}  // namespace idiolect
