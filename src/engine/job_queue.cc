#include "engine/job_queue.h"

#include <algorithm>

namespace idiolect {

void JobQueue::Push(std::shared_ptr<Job> job) {
  const UserKey& user = job->user();
  auto found = lines_.find(user);
  if (found == lines_.end()) found = lines_.emplace(user, turns_.insert(turns_.end(), Line{user, {}})).first;
  found->second->jobs.push_back(std::move(job));
  ++size_;
}

JobQueue::Turn JobQueue::Pop(int max_rows) {
  if (turns_.empty()) return {};
  Line& line = turns_.front();
  const std::shared_ptr<Job> job = line.jobs.front();
  const int rows = job->NextTaskRows();
  if (rows > max_rows) return {};
  Turn turn{job, rows > 0 ? job->NextTask() : nullptr};
  if (job->NextTaskRows() == 0) {
    line.jobs.pop_front();
    --size_;
  }
  if (line.jobs.empty()) {
    lines_.erase(line.user);
    turns_.pop_front();
  } else {
    turns_.splice(turns_.end(), turns_, turns_.begin());
  }
  return turn;
}

template <typename Predicate>
std::vector<std::shared_ptr<Job>> JobQueue::TakeIf(const Predicate& wanted) {
  std::vector<std::shared_ptr<Job>> taken;
  for (auto line = turns_.begin(); line != turns_.end();) {
    std::erase_if(line->jobs, [&](std::shared_ptr<Job>& job) {
      if (!wanted(*job)) return false;
      taken.push_back(std::move(job));
      return true;
    });
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

std::vector<std::shared_ptr<Job>> JobQueue::TakeInterrupted(absl::Time now) {
  return TakeIf([now](const Job& job) { return !job.Interrupted(now).ok(); });
}

std::vector<std::shared_ptr<Job>> JobQueue::TakeAll() {
  return TakeIf([](const Job&) { return true; });
}

}  // namespace idiolect
