#include "store/sqlite_connection.h"

#include <utility>

#include "store/sqlite_error.h"

namespace idiolect {
namespace {

// Memory that SQLite frees shall be freed, since the process overwrites what is (cli/wiping_allocator.h): no slabs of
// its own for pages, nor, in each connection, for small things.
void ConfigureLibrary() {
  static const int kDone = sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0);
  static_cast<void>(kDone);  // fails where SQLite is in use by somebody else already, and nothing else changes
}

}  // namespace

SqliteStatement::SqliteStatement(SqliteConnection& connection, std::string_view sql, sqlite3_stmt* statement)
    : connection_(&connection), sql_(sql), statement_(statement) {}

SqliteStatement::SqliteStatement(SqliteStatement&& other) noexcept
    : connection_(other.connection_),
      sql_(other.sql_),
      statement_(std::exchange(other.statement_, nullptr)),
      bind_error_(other.bind_error_) {}

SqliteStatement::~SqliteStatement() {
  if (statement_ != nullptr) connection_->Return(sql_, statement_);
}

absl::StatusOr<bool> SqliteStatement::Next() {
  if (bind_error_ != SQLITE_OK) return connection_->Error(bind_error_);
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return connection_->Error(code);
}

absl::Status SqliteStatement::Finish() {
  while (true) {
    STORE_ASSIGN_OR_RETURN(bool row, Next());
    if (!row) return absl::OkStatus();
  }
}

std::string SqliteStatement::Bytes(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
}

void SqliteStatement::Bind(int index, std::string_view value) {
  // A null pointer would bind NULL, an empty string must stay an empty string.
  const char* data = value.data() == nullptr ? "" : value.data();
  Note(sqlite3_bind_text64(statement_, index, data, value.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void SqliteStatement::Bind(int index, Blob value) {
  const char* data = value.bytes.data() == nullptr ? "" : value.bytes.data();
  Note(sqlite3_bind_blob64(statement_, index, data, value.bytes.size(), SQLITE_STATIC));
}

void SqliteStatement::Note(int code) {
  if (bind_error_ == SQLITE_OK) bind_error_ = code;
}

absl::StatusOr<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(const std::string& path,
                                                                         absl::Duration busy_timeout) {
  ConfigureLibrary();
  sqlite3* handle = nullptr;
  // No mutex of SQLite's: a connection is used by one thread at a time.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(path, handle));
  if (code != SQLITE_OK) return connection->Error(code);
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_LOOKASIDE, nullptr, 0, 0);
  sqlite3_busy_timeout(handle, static_cast<int>(absl::ToInt64Milliseconds(busy_timeout)));
  return connection;
}

SqliteConnection::~SqliteConnection() {
  for (const auto& [sql, statement] : idle_statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

absl::Status SqliteConnection::RunScript(const std::string& script) {
  const int code = sqlite3_exec(handle_, script.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Error(code);
}

absl::Status SqliteConnection::Error(int code) const {
  return SqliteError(code, path_, handle_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle_));
}

absl::StatusOr<SqliteStatement> SqliteConnection::Prepare(std::string_view sql) {
  // Taken out while it is in use, so that the same text can be in use twice.
  if (auto idle = idle_statements_.find(sql); idle != idle_statements_.end()) {
    sqlite3_stmt* statement = idle->second;
    idle_statements_.erase(idle);
    return SqliteStatement(*this, sql, statement);
  }
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &statement, nullptr);
  if (code != SQLITE_OK) return Error(code);
  return SqliteStatement(*this, sql, statement);
}

void SqliteConnection::Return(std::string_view sql, sqlite3_stmt* statement) {
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  if (!idle_statements_.emplace(sql, statement).second) sqlite3_finalize(statement);
}

}  // namespace idiolect
