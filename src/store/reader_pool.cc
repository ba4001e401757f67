#include "store/reader_pool.h"

#include <utility>

namespace idiolect {

absl::StatusOr<ReaderPool::Loan> ReaderPool::Take() {
  Loan loan;
  {
    std::unique_lock lock(mutex_);
    returned_.wait(lock, [this] { return taken_ < options_.max_readers; });
    ++taken_;
    loan.generation = generation_;
    if (!idle_.empty()) {
      loan.connection = std::move(idle_.back());
      idle_.pop_back();
      return loan;
    }
  }
  auto connection = Open();
  if (!connection.ok()) {
    Return(std::move(loan));
    return connection.status();
  }
  loan.connection = *std::move(connection);
  return loan;
}

void ReaderPool::Return(Loan loan) {
  const std::lock_guard lock(mutex_);
  --taken_;
  returned_.notify_one();
  if (loan.connection == nullptr || loan.generation != generation_) return;
  // One that is stuck in a transaction would see an old state for ever.
  if (!loan.connection->in_transaction()) idle_.push_back(std::move(loan.connection));
}

void ReaderPool::Renew() {
  std::vector<std::unique_ptr<SqliteConnection>> old;
  const std::lock_guard lock(mutex_);
  ++generation_;
  old.swap(idle_);
}

absl::StatusOr<std::unique_ptr<SqliteConnection>> ReaderPool::Open() const {
  // Another database, or a new empty one, is not what the writer writes to.
  STORE_RETURN_IF_ERROR(place_.Check());
  STORE_ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> connection,
                         SqliteConnection::Open(path_, options_.busy_timeout));
  STORE_RETURN_IF_ERROR(connection->RunScript("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY"));
  return connection;
}

}  // namespace idiolect
