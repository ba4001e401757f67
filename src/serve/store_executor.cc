#include "serve/store_executor.h"

#include <utility>

#include "store/wipe.h"

namespace idiolect {

StoreExecutor::StoreExecutor(int threads, int max_queue) : max_queue_(max_queue) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

StoreExecutor::~StoreExecutor() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

absl::Status StoreExecutor::Submit(Task task) {
  {
    std::lock_guard lock(mutex_);
    if (queue_.size() >= max_queue_) return absl::ResourceExhaustedError("too many calls are waiting for the store");
    queue_.push_back(std::move(task));
  }
  changed_.notify_one();
  return absl::OkStatus();
}

void StoreExecutor::Continue(Task task) {
  {
    std::lock_guard lock(mutex_);
    queue_.push_back(std::move(task));
  }
  changed_.notify_one();
}

void StoreExecutor::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    Task task = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    task();
    task = nullptr;     // what it holds goes before the lock is taken again
    WipeUnusedStack();  // texts have passed through it, and the thread may sleep for long
    lock.lock();
  }
}

}  // namespace idiolect
