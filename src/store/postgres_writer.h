// Commits appends that wait at the same time together: many callers cost one round of flushes, on primary and standby.
// Several threads, each for a part of the users, so that no two of them wait for the same user's row.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "store/postgres_appends.h"
#include "store/postgres_pool.h"

namespace idiolect {

class PostgresWriter {
 public:
  using MakeContext = std::function<PostgresWriteContext()>;

  PostgresWriter(PostgresPool& pool, MakeContext make_context, int threads, int max_group_size);
  // No call may be under way.
  ~PostgresWriter();

  // Returns when the append is safe, or its outcome unknown (kUnavailable). From any thread.
  absl::StatusOr<AppendResult> Append(const UserKey& user, const Exchange& exchange, std::string_view request_id);

 private:
  struct Call {
    PostgresAppend append;
    std::promise<void> done = {};
  };
  using Group = std::vector<Call*>;
  // One thread and what waits for it.
  struct Lane {
    std::mutex mutex;  // guards queue and stopping
    std::condition_variable wake;
    std::deque<Call*> queue;
    bool stopping = false;
    std::thread thread;
  };

  void Work(Lane& lane);
  // Waits for calls; empty when the writer stops.
  Group TakeGroup(Lane& lane) const;
  void RunGroup(const Group& group);
  void RunTogether(absl::Span<Call* const> calls);

  PostgresPool& pool_;
  const MakeContext make_context_;
  const size_t max_group_size_;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace idiolect
