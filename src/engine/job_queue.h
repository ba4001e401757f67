// Jobs that wait for the engine: bounded, and fair between users. Users take turns, so that one user's thousand
// requests delay another's one by at most one job. Not thread-safe; the scheduler's mutex guards it.
#pragma once

#include <deque>
#include <list>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/job.h"

namespace idiolect {

class JobQueue {
 public:
  explicit JobQueue(int capacity) : capacity_(capacity) {}

  bool full() const { return size_ >= capacity_; }
  bool empty() const { return size_ == 0; }
  int size() const { return size_; }

  void Push(std::unique_ptr<Job> job);
  // The job whose turn it is, unless it needs more than `max_rows`; then null, and it stays first.
  std::unique_ptr<Job> Pop(int max_rows);
  // Takes out the jobs that nobody waits for any more, or all of them.
  std::vector<std::unique_ptr<Job>> TakeInterrupted(absl::Time now);
  std::vector<std::unique_ptr<Job>> TakeAll();

 private:
  struct Line {
    UserKey user;
    std::deque<std::unique_ptr<Job>> jobs;
  };

  const int capacity_;
  int size_ = 0;
  std::list<Line> turns_;  // users with jobs, whose turn it is first
  absl::flat_hash_map<UserKey, std::list<Line>::iterator> lines_;
};

}  // namespace idiolect
