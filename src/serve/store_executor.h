// The threads that wait for the store, so that gRPC's never do. Long reads (lists, exports) have few of them: thousands
// that come at once are worked off beside replies and appends, not before them.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/status.h"

namespace idiolect {

class StoreExecutor {
 public:
  using Task = std::function<void()>;
  enum class Kind { kShort, kLong };

  StoreExecutor(int threads, int max_queue);
  ~StoreExecutor();  // runs what is queued, then joins

  // Runs `task` on one of the threads, first come first served among those of its kind. kResourceExhausted when
  // max_queue of them are waiting.
  absl::Status Submit(Task task, Kind kind = Kind::kShort);

  // The same for the next piece of a call that was let in before, which must not fail half-way. Never refuses; there
  // are at most as many such pieces as calls.
  void Continue(Task task, Kind kind = Kind::kShort);

 private:
  struct Lane {
    size_t most_running;
    size_t running = 0;
    std::deque<Task> waiting{};
    bool HasWork() const { return !waiting.empty() && running < most_running; }
  };

  Lane& LaneOf(Kind kind) { return kind == Kind::kShort ? short_ : long_; }
  void Work();
  void RunNext(Lane& lane, std::unique_lock<std::mutex>& lock);

  const size_t max_queue_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Lane short_, long_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace idiolect
