// Jobs that wait for an engine thread, fair between users: users take turns, a task a turn, so that one user's thousand
// requests, or one long ranking, delay another's request by at most one batch. Not thread-safe; the scheduler's mutex
// guards it.
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
  bool empty() const { return size_ == 0; }
  int size() const { return size_; }  // jobs that have tasks to hand out

  void Push(std::shared_ptr<Job> job);

  // A job and its next task; the task is null for a job without any. Both null when nothing waits, or when the task
  // whose turn it is needs more than `max_rows`: it stays first.
  struct Turn {
    std::shared_ptr<Job> job;
    std::unique_ptr<Task> task;
  };
  Turn Pop(int max_rows);

  // Takes out the jobs that nobody waits for any more, or all of them.
  std::vector<std::shared_ptr<Job>> TakeInterrupted(absl::Time now);
  std::vector<std::shared_ptr<Job>> TakeAll();

 private:
  struct Line {
    UserKey user;
    std::deque<std::shared_ptr<Job>> jobs;
  };
  template <typename Predicate>
  std::vector<std::shared_ptr<Job>> TakeIf(const Predicate& wanted);

  int size_ = 0;
  std::list<Line> turns_;  // users with jobs, whose turn it is first
  absl::flat_hash_map<UserKey, std::list<Line>::iterator> lines_;
};

}  // namespace idiolect
