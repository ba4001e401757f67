#include "store/postgres_pool.h"

namespace idiolect {

absl::StatusOr<PostgresPool::Lease> PostgresPool::Take() {
  int64_t generation = 0;
  {
    std::unique_lock lock(mutex_);
    returned_.wait(lock, [this] { return taken_ < size_; });
    ++taken_;
    generation = generation_;
    if (!idle_.empty()) {
      Lease lease{std::move(idle_.back()), generation};
      idle_.pop_back();
      return lease;
    }
  }
  absl::StatusOr<std::unique_ptr<PostgresConnection>> opened = PostgresConnection::Open(url_, timeout_);
  if (opened.ok()) return Lease{*std::move(opened), generation};
  GiveBack({nullptr, generation});
  return opened.status();
}

// Where one connection broke, the idle ones are probably as dead: the server has ended, or is a standby now.
void PostgresPool::GiveBack(Lease lease) {
  if (lease.connection != nullptr) lease.connection->Rollback();
  std::vector<std::unique_ptr<PostgresConnection>> dead;  // closed outside of the lock
  {
    const std::lock_guard lock(mutex_);
    --taken_;
    if (lease.connection == nullptr || !lease.connection->usable()) {
      dead.swap(idle_);
    } else if (lease.generation == generation_) {
      idle_.push_back(std::move(lease.connection));
    }
  }
  returned_.notify_one();
}

void PostgresPool::Renew() {
  std::vector<std::unique_ptr<PostgresConnection>> closed;  // after the lock
  const std::lock_guard lock(mutex_);
  closed.swap(idle_);
  ++generation_;
}

}  // namespace idiolect
