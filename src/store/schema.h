// The tables, and how a database of an older version becomes one of today's.
#pragma once

#include "absl/status/status.h"
#include "store/sqlite_connection.h"

namespace idiolect {

// The version that this program writes.
int SchemaVersion();

// Refuses a database that is damaged (kDataLoss), another program's or a newer version's (kFailedPrecondition), before
// anything is written to it.
absl::Status CheckDatabase(SqliteConnection& connection);

// Brings the tables to SchemaVersion(), each step in a transaction of its own.
absl::Status Migrate(SqliteConnection& connection);

}  // namespace idiolect
