// The tables in PostgreSQL: made and brought up to date at the start of a server, by one server at a time.
//
// Schema `idiolect`: meta, users, exchanges, requests, receipts, deletions and the sequence epochs. Schema
// `idiolect_keys`: ring, user_keys; apart, so that a dump without it is unreadable. Everything of a user is found by
// (tenant, user_id), the beginning of each primary key, so the tables may be distributed by them.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/postgres_connection.h"

namespace idiolect {

// The version that this program writes.
int PostgresSchemaVersion();

// Makes the tables where there are none, and brings older ones up to date, in one transaction under a lock.
// kFailedPrecondition where they are a newer program's, or the schema `idiolect` is another program's, or the role may
// not make tables. Does nothing, and needs no more than reading, where they are up to date.
absl::Status MigratePostgres(PostgresConnection& connection);

// For those who use the tables as they are: kNotFound where there are none, kFailedPrecondition where they are not of
// this program's version.
absl::Status RequirePostgresTables(PostgresConnection& connection);

// A value of the table `meta`; kInternal where there is none.
absl::StatusOr<std::string> ReadPostgresMeta(PostgresConnection& connection, std::string_view key);

// Waits until no other server holds the lock on the schema, and holds it until the transaction ends.
void LockPostgresSchema(PostgresConnection& connection);

}  // namespace idiolect
