// Connections for reading. Each sees the last commit and waits for no write.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "store/sqlite_connection.h"
#include "store/store_options.h"

namespace idiolect {

class ReaderPool {
 public:
  ReaderPool(std::string path, const StoreOptions& options) : path_(std::move(path)), options_(options) {}

  // Runs `read` with a connection, inside a transaction: all its statements see one state of the database.
  // `read` takes a SqliteConnection& and returns a StatusOr.
  template <typename Read>
  auto Run(Read read) -> decltype(read(std::declval<SqliteConnection&>())) {
    STORE_ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> connection, Take());
    auto result = RunInTransaction(*connection, read);
    Return(std::move(connection));
    return result;
  }

 private:
  template <typename Read>
  static auto RunInTransaction(SqliteConnection& connection, Read& read) -> decltype(read(connection)) {
    STORE_RETURN_IF_ERROR(connection.Run("BEGIN"));
    auto result = read(connection);
    connection.Run("ROLLBACK").IgnoreError();  // there is nothing to keep; Return() looks whether it worked
    return result;
  }

  // Waits while `max_readers` are taken.
  absl::StatusOr<std::unique_ptr<SqliteConnection>> Take();
  void Return(std::unique_ptr<SqliteConnection> connection);
  absl::StatusOr<std::unique_ptr<SqliteConnection>> Open() const;

  const std::string path_;
  const StoreOptions options_;
  std::mutex mutex_;  // guards taken_ and idle_
  std::condition_variable returned_;
  int taken_ = 0;
  std::vector<std::unique_ptr<SqliteConnection>> idle_;
};

}  // namespace idiolect
