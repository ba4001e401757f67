#include "engine/scheduler.h"

#include <ATen/Parallel.h>

#include <exception>
#include <limits>

#include "absl/strings/str_cat.h"
#include "model/grad_mode.h"

namespace idiolect {

Scheduler::Scheduler(const DhapModel& model, ProfileCache& cache, const EngineOptions& options)
    : model_(model), cache_(cache), options_(options), queue_(options.max_queue), thread_([this] { Loop(); }) {}

Scheduler::~Scheduler() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_arrived_.notify_one();
  thread_.join();
}

absl::StatusOr<std::shared_ptr<Ticket>> Scheduler::Submit(std::unique_ptr<Job> job) {
  std::shared_ptr<Ticket> ticket = job->ticket();
  const std::lock_guard lock(mutex_);
  if (stopping_) return absl::UnavailableError("the engine is shutting down");
  if (queue_.full())
    return absl::ResourceExhaustedError(absl::StrCat("the queue is full: ", queue_.size(), " requests are waiting"));
  queue_.Push(std::move(job));
  work_arrived_.notify_one();
  return ticket;
}

EngineStats Scheduler::stats() const {
  const std::lock_guard lock(mutex_);
  EngineStats stats = stats_;
  stats.waiting = queue_.size();
  stats.profile_cache_bytes = cache_.byte_size();
  return stats;
}

void Scheduler::Loop() {
  at::set_num_threads(1);  // one engine, one thread: a second one would spin beside the next engine
  const ServingMode serving;
  EngineContext context{model_, cache_};
  while (WaitForWork()) {
    EvictInterrupted();
    AdmitWaiting();
    RunStep(context);
    PublishStats(context);
  }
  const absl::Status stopped = absl::UnavailableError("the engine is shutting down");
  for (auto& job : running_) job->Fail(stopped);
  std::vector<std::unique_ptr<Job>> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting = queue_.TakeAll();
  }
  for (auto& job : waiting) job->Fail(stopped);
}

bool Scheduler::WaitForWork() {
  std::unique_lock lock(mutex_);
  if (running_.empty()) work_arrived_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
  return !stopping_;
}

void Scheduler::AdmitWaiting() {
  const std::lock_guard lock(mutex_);
  // A job wider than the whole batch runs when it has the batch to itself.
  while (auto job = queue_.Pop(running_.empty() ? std::numeric_limits<int>::max() : options_.max_batch_rows - rows_)) {
    rows_ += job->rows();
    running_.push_back(std::move(job));
  }
}

void Scheduler::EvictInterrupted() {
  const absl::Time now = absl::Now();
  std::vector<std::unique_ptr<Job>> gone;
  {
    const std::lock_guard lock(mutex_);
    gone = queue_.TakeInterrupted(now);
  }
  for (auto& job : gone) job->Fail(job->Interrupted(now));
  std::erase_if(running_, [&](std::unique_ptr<Job>& job) {
    const absl::Status interrupted = job->Interrupted(now);
    if (interrupted.ok()) return false;
    wasted_ += job->slices * job->rows();
    rows_ -= job->rows();
    job->Fail(interrupted);
    return true;
  });
}

void Scheduler::RunStep(EngineContext& context) {
  if (running_.empty()) return;
  ++steps_;
  std::erase_if(running_, [&](std::unique_ptr<Job>& job) {
    if (!RunGuarded(*job, context)) return false;
    rows_ -= job->rows();
    return true;
  });
}

bool Scheduler::RunGuarded(Job& job, EngineContext& context) {
  try {
    ++job.slices;
    tokens_ += job.rows();
    return job.RunSlice(context);
  } catch (const std::exception& e) {  // ATen's; a request must never take the engine down
    job.Fail(absl::InternalError(absl::StrCat("the model failed: ", e.what())));
    return true;
  }
}

void Scheduler::PublishStats(const EngineContext& context) {
  const std::lock_guard lock(mutex_);
  stats_.running_rows = rows_;
  stats_.steps = steps_;
  stats_.wasted_row_steps = wasted_;
  stats_.tokens = tokens_;
  stats_.profiles_built = context.profiles_built;
  stats_.profile_cache_hits = context.profile_cache_hits;
}

}  // namespace idiolect
