#include "store/reader_pool.h"

#include <utility>

namespace idiolect {

absl::StatusOr<std::unique_ptr<SqliteConnection>> ReaderPool::Take() {
  {
    std::unique_lock lock(mutex_);
    returned_.wait(lock, [this] { return taken_ < options_.max_readers; });
    ++taken_;
    if (!idle_.empty()) {
      std::unique_ptr<SqliteConnection> connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  auto connection = Open();
  if (!connection.ok()) Return(nullptr);
  return connection;
}

void ReaderPool::Return(std::unique_ptr<SqliteConnection> connection) {
  const std::lock_guard lock(mutex_);
  --taken_;
  returned_.notify_one();
  // One that is stuck in a transaction would see an old state for ever.
  if (connection != nullptr && !connection->in_transaction()) idle_.push_back(std::move(connection));
}

absl::StatusOr<std::unique_ptr<SqliteConnection>> ReaderPool::Open() const {
  STORE_ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> connection,
                         SqliteConnection::Open(path_, options_.busy_timeout));
  STORE_RETURN_IF_ERROR(connection->RunScript("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY"));
  return connection;
}

}  // namespace idiolect
