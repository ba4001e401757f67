#include "serve/store_executor.h"

#include <algorithm>
#include <utility>

#include "store/wipe.h"

namespace idiolect {
namespace {

// As many as keep a disk or a database busy, and fewer than would take the processor from the engines.
constexpr int kLongReadsAtATime = 2;

}  // namespace

StoreExecutor::StoreExecutor(int threads, int max_queue)
    : max_queue_(max_queue),
      short_{.most_running = static_cast<size_t>(threads)},
      long_{.most_running = static_cast<size_t>(std::min(threads, kLongReadsAtATime))} {
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

absl::Status StoreExecutor::Submit(Task task, Kind kind) {
  {
    std::lock_guard lock(mutex_);
    Lane& lane = LaneOf(kind);
    if (lane.waiting.size() >= max_queue_) {
      return absl::ResourceExhaustedError("too many calls are waiting for the store");
    }
    lane.waiting.push_back(std::move(task));
  }
  changed_.notify_one();
  return absl::OkStatus();
}

void StoreExecutor::Continue(Task task, Kind kind) {
  {
    std::lock_guard lock(mutex_);
    LaneOf(kind).waiting.push_back(std::move(task));
  }
  changed_.notify_one();
}

void StoreExecutor::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || short_.HasWork() || long_.HasWork(); });
    if (short_.HasWork()) {
      RunNext(short_, lock);
    } else if (long_.HasWork()) {
      RunNext(long_, lock);
    } else {
      return;  // what else waits, those do who are at it
    }
  }
}

// Called and returns with the lock held.
void StoreExecutor::RunNext(Lane& lane, std::unique_lock<std::mutex>& lock) {
  Task task = std::move(lane.waiting.front());
  lane.waiting.pop_front();
  ++lane.running;
  lock.unlock();
  task();
  task = nullptr;     // what it holds goes before the lock is taken again
  WipeUnusedStack();  // texts have passed through it, and the thread may sleep for long
  lock.lock();
  const bool was_full = lane.running-- == lane.most_running;
  if (was_full && !lane.waiting.empty()) changed_.notify_one();  // this thread may take one of the other kind
}

}  // namespace idiolect
