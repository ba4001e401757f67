// Connections for reading. Each sees the last commit and waits for no write.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "store/file_place.h"
#include "store/sqlite_connection.h"
#include "store/store_options.h"

namespace idiolect {

class ReaderPool {
 public:
  // `place` is that of the database at `path`.
  ReaderPool(std::string path, const FilePlace& place, const StoreOptions& options)
      : path_(std::move(path)), place_(place), options_(options) {}

  // Gives up the connections, since they keep pages that they have read in memory; those in use when they are returned.
  void Renew();

  // Runs `read` with a connection, inside a transaction: all its statements see one state of the database.
  // `read` takes a SqliteConnection& and returns a StatusOr.
  template <typename Read>
  auto Run(Read read) -> decltype(read(std::declval<SqliteConnection&>())) {
    STORE_ASSIGN_OR_RETURN(Loan loan, Take());
    auto result = RunInTransaction(*loan.connection, read);
    Return(std::move(loan));
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

  struct Loan {
    std::unique_ptr<SqliteConnection> connection;
    int64_t generation = 0;
  };
  // Waits while `max_readers` are taken.
  absl::StatusOr<Loan> Take();
  void Return(Loan loan);
  absl::StatusOr<std::unique_ptr<SqliteConnection>> Open() const;

  const std::string path_;
  const FilePlace place_;
  const StoreOptions options_;
  std::mutex mutex_;  // guards taken_ and idle_
  std::condition_variable returned_;
  int taken_ = 0;
  int64_t generation_ = 0;  // counts Renew
  std::vector<std::unique_ptr<SqliteConnection>> idle_;
};

}  // namespace idiolect
