// What any of the servers on a database has deleted, so that each of them forgets what it derived from it. Used by one
// thread.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "idiolect/exchange.h"
#include "store/postgres_connection.h"

namespace idiolect {

class PostgresDeletions {
 public:
  explicit PostgresDeletions(std::function<void(const UserKey&)> on_deletion) : on_deletion_(std::move(on_deletion)) {}

  // Tells of the deletions that have been committed since the last time; from the second time on. Of each once more
  // about a minute later: a call that had read the history before may have built something from it after.
  // True where there were any.
  absl::StatusOr<bool> Poll(PostgresConnection& connection);

 private:
  void TellAgain(int64_t before);

  const std::function<void(const UserKey&)> on_deletion_;
  struct Deletion {
    UserKey user;
    int64_t created;
  };
  std::map<int64_t, Deletion> told_;  // by id; those of the last minute
  int64_t last_poll_ = 0;             // on the database's clock, microseconds; 0 before the first
};

}  // namespace idiolect
