#include "store/sqlite_database.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "store/schema.h"

namespace idiolect {
namespace {

namespace fs = std::filesystem;

absl::Status CheckFolder(const fs::path& path) {
  std::error_code error;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, error)) {
    return absl::NotFoundError(
        absl::StrCat("the history database's folder ", folder.string(), " does not exist: create it first"));
  }
  if (fs::is_directory(path, error)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the history database ", path.string(), " is a folder: name a file in it"));
  }
  return absl::OkStatus();
}

// Creates the file when absent, for its owner only: it holds what people said. SQLite gives its other files the same
// permissions. Returns the path without links, so that one database has one lock.
absl::StatusOr<std::string> PrepareFile(const std::string& path) {
  if (path.empty()) return absl::InvalidArgumentError("the history database needs a file name: sqlite:PATH");
  STORE_RETURN_IF_ERROR(CheckFolder(path));
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return absl::ErrnoToStatus(errno, absl::StrCat("can't open the history database ", path));
  close(descriptor);
  std::error_code error;
  const fs::path canonical = fs::canonical(path, error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("can't resolve ", path));
  return canonical.string();
}

absl::Status ConfigureWriter(SqliteConnection& connection, bool lose_power) {
  STORE_ASSIGN_OR_RETURN(std::string mode, connection.QueryValue("PRAGMA journal_mode = WAL"));
  if (mode != "wal") {
    return absl::FailedPreconditionError(absl::StrCat(
        "the file system of ", connection.path(), " can't share memory between processes, which the database needs"));
  }
  // temp_store: no text in temporary files.
  STORE_RETURN_IF_ERROR(connection.RunScript("PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY"));
  return connection.RunScript(lose_power ? "PRAGMA synchronous = OFF" : "PRAGMA synchronous = FULL");
}

}  // namespace

absl::StatusOr<SqliteDatabase> OpenSqliteDatabase(const std::string& path, const StoreOptions& options) {
  SqliteDatabase database;
  STORE_ASSIGN_OR_RETURN(const std::string file, PrepareFile(path));
  STORE_ASSIGN_OR_RETURN(database.lock, FileLock::Take(file));
  STORE_ASSIGN_OR_RETURN(database.connection, SqliteConnection::Open(file, options.busy_timeout));
  STORE_RETURN_IF_ERROR(CheckDatabase(*database.connection));
  STORE_RETURN_IF_ERROR(ConfigureWriter(*database.connection, options.unsafe_lose_power_cuts));
  STORE_RETURN_IF_ERROR(Migrate(*database.connection));
  STORE_ASSIGN_OR_RETURN(database.log_keeper, LogKeeper::Create(*database.connection, options));
  STORE_RETURN_IF_ERROR(database.log_keeper->CleanUp());
  return database;
}

absl::StatusOr<std::unique_ptr<FileLock>> LockDatabase(const std::string& path) {
  std::error_code error;
  const fs::path canonical = fs::weakly_canonical(path, error);
  return FileLock::Take(error ? path : canonical.string());
}

absl::StatusOr<std::unique_ptr<SqliteConnection>> OpenBesideServer(const std::string& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error))
    return absl::NotFoundError(absl::StrCat("there is no history database ", path));
  STORE_ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> connection, SqliteConnection::Open(path, absl::Seconds(5)));
  sqlite3_db_config(connection->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  STORE_RETURN_IF_ERROR(connection->RunScript("PRAGMA temp_store = MEMORY"));
  STORE_RETURN_IF_ERROR(CheckDatabase(*connection));
  STORE_ASSIGN_OR_RETURN(const int64_t version, connection->QueryInteger("PRAGMA user_version"));
  if (version == SchemaVersion()) return connection;
  return absl::FailedPreconditionError(absl::StrCat("the history database ", path, " has version ", version, ", not ",
                                                    SchemaVersion(),
                                                    ": a server of this version brings it up to date "
                                                    "when it starts"));
}

}  // namespace idiolect
