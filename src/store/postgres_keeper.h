// The thread of a PostgreSQL store that works beside the calls: retention, old request ids, and the news of deletions.
// What fails is tried again at the next turn.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "store/postgres_deletions.h"
#include "store/postgres_pool.h"
#include "store/store_options.h"

namespace idiolect {

class PostgresKeeper {
 public:
  // Works through `pool`; when anything of anybody was deleted, `forget` has to drop what it may still be in.
  PostgresKeeper(PostgresPool& pool, const StoreOptions& options, std::function<void()> forget);
  ~PostgresKeeper();

 private:
  void Work();
  void LookForDeletions();
  void PruneIfDue();

  PostgresPool& pool_;
  const StoreOptions options_;
  const std::function<void()> forget_;
  PostgresDeletions deletions_;
  absl::Time next_prune_ = absl::InfinitePast();
  std::mutex mutex_;  // guards stopping_
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace idiolect
