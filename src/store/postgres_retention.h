// Ends the time to live of exchanges in PostgreSQL, keeps histories within their cap, and forgets old request ids. One
// server at a time does it, whoever holds the lock.
#pragma once

#include "absl/status/statusor.h"
#include "store/postgres_connection.h"
#include "store/store_options.h"

namespace idiolect {

// One bounded step, as one transaction, so that writers don't wait for long. True where so much is due that a part of
// it waits for the next step; false too where another server is at it.
absl::StatusOr<bool> PrunePostgres(PostgresConnection& connection, const StoreOptions& options);

}  // namespace idiolect
