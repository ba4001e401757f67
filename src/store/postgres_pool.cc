#include "store/postgres_pool.h"

namespace idiolect {

absl::StatusOr<std::unique_ptr<PostgresConnection>> PostgresPool::Take() {
  {
    std::unique_lock lock(mutex_);
    returned_.wait(lock, [this] { return taken_ < size_; });
    ++taken_;
    if (!idle_.empty()) {
      std::unique_ptr<PostgresConnection> connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  absl::StatusOr<std::unique_ptr<PostgresConnection>> opened = PostgresConnection::Open(url_, timeout_);
  if (!opened.ok()) GiveBack(nullptr);
  return opened;
}

// Where one connection broke, the idle ones are probably as dead: the server has ended, or is a standby now.
void PostgresPool::GiveBack(std::unique_ptr<PostgresConnection> connection) {
  if (connection != nullptr) connection->Rollback();
  std::vector<std::unique_ptr<PostgresConnection>> dead;  // closed outside of the lock
  {
    const std::lock_guard lock(mutex_);
    --taken_;
    if (connection != nullptr && connection->usable()) {
      idle_.push_back(std::move(connection));
    } else {
      dead.swap(idle_);
    }
  }
  returned_.notify_one();
}

}  // namespace idiolect
