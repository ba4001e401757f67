// A database file in the hands of one process: locked, checked, brought up to date, and clean.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "store/file_lock.h"
#include "store/log_keeper.h"
#include "store/sqlite_connection.h"
#include "store/store_options.h"

namespace idiolect {

// The members are destroyed from the last to the first.
struct SqliteDatabase {
  std::unique_ptr<FileLock> lock;
  std::unique_ptr<SqliteConnection> connection;  // that writes
  std::unique_ptr<LogKeeper> log_keeper;
};

// Opens the database at `path`, creates it when absent; the errors are those of OpenHistoryStore. Reads the whole file
// once to check it.
absl::StatusOr<SqliteDatabase> OpenSqliteDatabase(const std::string& path, const StoreOptions& options);

// Locks a database that may not be there yet; a link to a file and the file have one lock.
absl::StatusOr<std::unique_ptr<FileLock>> LockDatabase(const std::string& path);

// A connection for reading to a database that is there, beside a server that may be using it. Leaves the log alone.
// kNotFound where there is no file; else the errors of OpenHistoryStore, also where the database is of an older
// version.
absl::StatusOr<std::unique_ptr<SqliteConnection>> OpenBesideServer(const std::string& path);

}  // namespace idiolect
