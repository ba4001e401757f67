// One connection to an SQLite database, and its statements. A thin layer: RAII, typed binding, errors as statuses.
// A connection and its statements belong to one thread at a time.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "store/status_macros.h"

namespace idiolect {

class SqliteConnection;

// A value that is bound as a blob; strings are bound as text.
struct Blob {
  std::string_view bytes;
};

// A statement on loan from its connection, which keeps it prepared for the next time. Ends its read when destroyed.
class SqliteStatement {
 public:
  SqliteStatement(SqliteConnection& connection, std::string_view sql, sqlite3_stmt* statement);
  ~SqliteStatement();
  SqliteStatement(SqliteStatement&& other) noexcept;
  SqliteStatement& operator=(SqliteStatement&&) = delete;

  // Moves to the next row; false at the end.
  absl::StatusOr<bool> Next();
  // Runs a statement to its end, whatever rows it gives.
  absl::Status Finish();

  int64_t Integer(int column) const { return sqlite3_column_int64(statement_, column); }
  std::string Text(int column) const { return Bytes(column); }
  std::string Bytes(int column) const;

 private:
  friend class SqliteConnection;
  // Lengths are explicit, so that NUL bytes survive; the caller's bytes outlive the statement's use.
  void Bind(int index, int64_t value) { Note(sqlite3_bind_int64(statement_, index, value)); }
  void Bind(int index, std::string_view value);
  void Bind(int index, Blob value);
  void Note(int code);

  SqliteConnection* connection_;
  std::string_view sql_;
  sqlite3_stmt* statement_;
  int bind_error_ = SQLITE_OK;
};

class SqliteConnection {
 public:
  // Opens `path`, creating it when absent. Waits up to `busy_timeout` for locks of other connections.
  static absl::StatusOr<std::unique_ptr<SqliteConnection>> Open(const std::string& path, absl::Duration busy_timeout);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  // Prepares `sql`, which must live for ever (a literal), and binds the arguments in order. They are not copied: they
  // must outlive the statement.
  template <typename... Args>
  absl::StatusOr<SqliteStatement> Query(std::string_view sql, const Args&... args) {
    STORE_ASSIGN_OR_RETURN(SqliteStatement statement, Prepare(sql));
    int index = 0;
    (statement.Bind(++index, args), ...);
    return statement;
  }

  template <typename... Args>
  absl::Status Run(std::string_view sql, const Args&... args) {
    STORE_ASSIGN_OR_RETURN(SqliteStatement statement, Query(sql, args...));
    return statement.Finish();
  }

  // The first column of the first row; kInternal where there is none.
  template <typename... Args>
  absl::StatusOr<std::string> QueryValue(std::string_view sql, const Args&... args) {
    STORE_ASSIGN_OR_RETURN(SqliteStatement statement, Query(sql, args...));
    STORE_ASSIGN_OR_RETURN(bool found, statement.Next());
    if (!found) return absl::InternalError("a row is missing from the history database");
    return statement.Bytes(0);
  }
  template <typename... Args>
  absl::StatusOr<int64_t> QueryInteger(std::string_view sql, const Args&... args) {
    STORE_ASSIGN_OR_RETURN(SqliteStatement statement, Query(sql, args...));
    STORE_ASSIGN_OR_RETURN(bool found, statement.Next());
    if (!found) return absl::InternalError("a row is missing from the history database");
    return statement.Integer(0);
  }

  // Several statements separated by semicolons, none of them kept.
  absl::Status RunScript(const std::string& script);

  bool in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }
  // Rows that the last INSERT, UPDATE or DELETE changed.
  int64_t changed_rows() const { return sqlite3_changes64(handle_); }
  const std::string& path() const { return path_; }
  sqlite3* handle() const { return handle_; }

  // The status of a failed call of SQLite's on this connection.
  absl::Status Error(int code) const;

 private:
  friend class SqliteStatement;
  SqliteConnection(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}
  absl::StatusOr<SqliteStatement> Prepare(std::string_view sql);
  void Return(std::string_view sql, sqlite3_stmt* statement);

  std::string path_;
  sqlite3* handle_;
  std::map<std::string_view, sqlite3_stmt*> idle_statements_;
};

}  // namespace idiolect
