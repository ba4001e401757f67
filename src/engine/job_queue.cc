#include "engine/job_queue.h"

#include <limits>

namespace idiolect {

void JobQueue::Push(std::unique_ptr<Job> job) {
  const UserKey& user = job->user();
  auto found = lines_.find(user);
  if (found == lines_.end()) found = lines_.emplace(user, turns_.insert(turns_.end(), Line{user, {}})).first;
  found->second->jobs.push_back(std::move(job));
  ++size_;
}

std::unique_ptr<Job> JobQueue::Pop(int max_rows) {
  if (turns_.empty() || turns_.front().jobs.front()->rows() > max_rows) return nullptr;
  Line& line = turns_.front();
  std::unique_ptr<Job> job = std::move(line.jobs.front());
  line.jobs.pop_front();
  --size_;
  if (line.jobs.empty()) {
    lines_.erase(line.user);
    turns_.pop_front();
  } else {
    turns_.splice(turns_.end(), turns_, turns_.begin());
  }
  return job;
}

std::vector<std::unique_ptr<Job>> JobQueue::TakeInterrupted(absl::Time now) {
  std::vector<std::unique_ptr<Job>> taken;
  for (auto line = turns_.begin(); line != turns_.end();) {
    std::deque<std::unique_ptr<Job>> kept;
    for (auto& job : line->jobs) {
      const bool waits = job->Interrupted(now).ok();
      if (waits)
        kept.push_back(std::move(job));
      else
        taken.push_back(std::move(job));
    }
    line->jobs = std::move(kept);
    if (line->jobs.empty()) {
      lines_.erase(line->user);
      line = turns_.erase(line);
    } else {
      ++line;
    }
  }
  size_ -= static_cast<int>(taken.size());
  return taken;
}

std::vector<std::unique_ptr<Job>> JobQueue::TakeAll() {
  std::vector<std::unique_ptr<Job>> all;
  while (auto job = Pop(std::numeric_limits<int>::max())) all.push_back(std::move(job));
  return all;
}

}  // namespace idiolect
