// Connections that are opened when they are needed and kept. A transaction that came to nothing for a passing reason is
// run again. Thread-safe.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "store/postgres_connection.h"
#include "store/postgres_error.h"

namespace idiolect {

// Whether a transaction whose outcome may be unknown can be run again without happening twice.
enum class Repeatable { kNo, kYes };

class PostgresPool {
 public:
  // At most `size` connections; who wants one more waits.
  PostgresPool(PostgresUrl url, absl::Duration timeout, int size)
      : url_(std::move(url)), timeout_(timeout), size_(size) {}

  // Runs `transaction`, which takes (PostgresConnection&) and gives a Status or a StatusOr. It is rolled back where it
  // does not commit, and run again on kAborted. Gives what it gave, but kUnavailable for kAborted.
  template <typename Transaction>
  auto Run(Transaction transaction, Repeatable repeatable = Repeatable::kYes)
      -> decltype(transaction(std::declval<PostgresConnection&>())) {
    for (int attempt = 1;; ++attempt) {
      absl::StatusOr<Lease> connection = Take();
      if (!connection.ok()) return connection.status();
      auto result = transaction(*connection->connection);
      GiveBack(*std::move(connection));
      const absl::Status status = StatusOf(result);
      if (!absl::IsAborted(status)) return result;
      if (repeatable == Repeatable::kNo || attempt == kAttempts) return AsUnavailable(status);
      absl::SleepFor(attempt * kPause);
    }
  }

  // Closes every connection, those that are in use when they come back: their buffers hold what was read and written.
  void Renew();

 private:
  static constexpr int kAttempts = 5;
  static constexpr absl::Duration kPause = absl::Milliseconds(20);

  static const absl::Status& StatusOf(const absl::Status& status) { return status; }
  template <typename T>
  static const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
    return result.status();
  }
  struct Lease {
    std::unique_ptr<PostgresConnection> connection;
    int64_t generation;
  };
  absl::StatusOr<Lease> Take();
  void GiveBack(Lease lease);

  const PostgresUrl url_;
  const absl::Duration timeout_;
  const int size_;
  std::mutex mutex_;  // guards all below
  std::condition_variable returned_;
  std::vector<std::unique_ptr<PostgresConnection>> idle_;
  int taken_ = 0;
  int64_t generation_ = 0;  // how often they were renewed
};

}  // namespace idiolect
