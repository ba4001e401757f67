// The threads that wait for the store, so that gRPC's never do.
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

  StoreExecutor(int threads, int max_queue);
  ~StoreExecutor();  // runs what is queued, then joins

  // Runs `task` on one of the threads, first come first served. kResourceExhausted when max_queue tasks are waiting.
  absl::Status Submit(Task task);

  // The same for the next piece of a call that was let in before, which must not fail half-way. Never refuses; there
  // are at most as many such pieces as calls.
  void Continue(Task task);

 private:
  void Work();

  const size_t max_queue_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace idiolect
