#include "store/postgres_keeper.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "store/postgres_retention.h"

namespace idiolect {
namespace {

constexpr absl::Duration kShortestInterval = absl::Milliseconds(50);

}  // namespace

PostgresKeeper::PostgresKeeper(PostgresPool& pool, const StoreOptions& options, std::function<void()> forget)
    : pool_(pool), options_(options), forget_(std::move(forget)), deletions_(options.on_deletion), thread_([this] {
        Work();
      }) {}

PostgresKeeper::~PostgresKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void PostgresKeeper::Work() {
  const absl::Duration interval =
      std::max(std::min(options_.deletions_interval, options_.prune_interval), kShortestInterval);
  while (true) {
    LookForDeletions();
    PruneIfDue();
    std::unique_lock lock(mutex_);
    if (wake_.wait_for(lock, absl::ToChronoMilliseconds(interval), [this] { return stopping_; })) return;
  }
}

void PostgresKeeper::LookForDeletions() {
  const absl::StatusOr<bool> any =
      pool_.Run([this](PostgresConnection& connection) { return deletions_.Poll(connection); });
  if (any.value_or(false)) forget_();
}

void PostgresKeeper::PruneIfDue() {
  const absl::Time now = absl::Now();
  if (now < next_prune_) return;
  const absl::StatusOr<bool> more =
      pool_.Run([this](PostgresConnection& connection) { return PrunePostgres(connection, options_); });
  next_prune_ = more.value_or(false) ? now : now + options_.prune_interval;
}

}  // namespace idiolect
