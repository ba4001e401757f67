// How many requests may wait, in all engine threads together. Thread-safe.
#pragma once

#include <atomic>

namespace idiolect {

class QueueLimit {
 public:
  explicit QueueLimit(int capacity) : capacity_(capacity) {}

  // Takes a place; false when there is none.
  bool Take() {
    if (waiting_.fetch_add(1, std::memory_order_relaxed) < capacity_) return true;
    waiting_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  void Give(int places) { waiting_.fetch_sub(places, std::memory_order_relaxed); }
  bool full() const { return waiting_.load(std::memory_order_relaxed) >= capacity_; }
  int capacity() const { return capacity_; }

 private:
  const int capacity_;
  std::atomic<int> waiting_{0};
};

}  // namespace idiolect
