#include "engine/scheduler.h"

#include <algorithm>
#include <exception>
#include <limits>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "kernels/product.h"

namespace idiolect {
namespace {

// Profiles built between two steps: each takes up to about as long as a step does. More at once would gain little,
// since a full history is hundreds of rows by itself, and would keep all of their activations in memory.
constexpr int kProfilesBetweenSteps = 2;

// While rows are decoding, a profile is prepared ahead of its next reply only at every so many steps.
constexpr int kStepsBetweenPreparations = 4;
constexpr size_t kMostPreparations = 256;

// The batch is checked for the cancelled and expired at each step. The queue may be a thousand times as long as a step
// has rows, and a job that leaves it for the batch is checked there.
constexpr absl::Duration kBetweenQueueChecks = absl::Milliseconds(25);

}  // namespace

Scheduler::Scheduler(const ServingModel& model, QueueLimit& limit, ProfileCache& cache, int max_batch_rows,
                     EngineObserver* observer)
    : model_(model),
      limit_(limit),
      max_batch_rows_(max_batch_rows),
      observer_(observer),
      cache_(cache),
      encoder_(model, cache_),
      distribution_(model.config().vocab_size),
      thread_([this] { Loop(); }) {}

Scheduler::~Scheduler() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_arrived_.notify_one();
  thread_.join();
}

absl::StatusOr<std::shared_ptr<Ticket>> Scheduler::Submit(std::shared_ptr<Job> job) {
  std::shared_ptr<Ticket> ticket = job->ticket();
  const std::lock_guard lock(mutex_);
  if (stopping_) return absl::UnavailableError("the engine is shutting down");
  if (!limit_.Take()) return QueueFull();
  load_ += job->TotalRows();
  queue_.Push(std::move(job));
  work_arrived_.notify_one();
  return ticket;
}

absl::Status Scheduler::CheckQueue() const {
  if (!limit_.full()) return absl::OkStatus();
  const std::lock_guard lock(mutex_);
  return QueueFull();
}

// The caller holds mutex_. The wait that is announced is the time in which what waits here will have been answered, at
// the rate of late.
absl::Status Scheduler::QueueFull() const {
  constexpr double kUnknownSeconds = 0.2, kLeastSeconds = 0.01, kMostSeconds = 60;
  const double seconds = jobs_per_second_ > 0 ? (queue_.size() + 1) / jobs_per_second_ : kUnknownSeconds;
  absl::Status status =
      absl::ResourceExhaustedError(absl::StrCat("the queue is full: ", limit_.capacity(), " requests are waiting"));
  status.SetPayload(std::string(kRetryDelayPayload),
                    absl::Cord(absl::StrCat(std::clamp(seconds, kLeastSeconds, kMostSeconds))));
  return status;
}

void Scheduler::Prepare(const UserKey& user, History history) {
  const int64_t forget_count = cache_.forget_count();
  const std::lock_guard lock(mutex_);
  std::erase_if(preparations_, [&](const Preparation& p) { return p.user == user; });
  if (preparations_.size() >= kMostPreparations) preparations_.pop_front();
  preparations_.push_back({user, std::move(history), forget_count});
  work_arrived_.notify_one();
}

void Scheduler::Forget(const UserKey& user) {
  const std::lock_guard lock(mutex_);
  std::erase_if(preparations_, [&](const Preparation& p) { return p.user == user; });
}

void Scheduler::Loop() {
  const OneThread one_thread;  // one engine, one thread: a second one would spin beside the next engine
  while (WaitForWork()) {
    EvictInterrupted();
    AdmitWaiting();
    Guarded([this] { EncodeNewcomers(); });
    Guarded([this] { RunStep(); });
    Guarded([this] { PrepareWaiting(); });
    PublishStats();
  }
  const absl::Status stopped = absl::UnavailableError("the engine is shutting down");
  for (const Slot& slot : slots_) FailJob(*slot.job, stopped);
  for (const auto& job : encoding_) FailJob(*job, stopped);
  std::vector<std::shared_ptr<Job>> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting = queue_.TakeAll();
    limit_.Give(static_cast<int>(waiting.size()));
  }
  for (const auto& job : waiting) FailJob(*job, stopped);
}

bool Scheduler::WaitForWork() {
  std::unique_lock lock(mutex_);
  if (idle()) work_arrived_.wait(lock, [this] { return stopping_ || !queue_.empty() || !preparations_.empty(); });
  return !stopping_;
}

void Scheduler::EvictInterrupted() {
  const absl::Time now = absl::Now();
  std::vector<std::shared_ptr<Job>> gone;
  if (now >= queue_checked_ + kBetweenQueueChecks) {
    queue_checked_ = now;
    const std::lock_guard lock(mutex_);
    gone = queue_.TakeInterrupted(now);
    limit_.Give(static_cast<int>(gone.size()));
  }
  for (const auto& job : gone) {
    // A long ranking has left the queue with its first candidate, and may be given up with its last.
    if (job->admitted == absl::InfinitePast()) TellLeftQueue(*job);
    FailJob(*job, job->Interrupted(now));
  }
  for (const Slot& slot : slots_) FailJob(*slot.job, slot.job->Interrupted(now));
  for (const auto& job : encoding_) FailJob(*job, job->Interrupted(now));
  RemoveEnded();
}

void Scheduler::TellLeftQueue(const Job& job) const {
  if (observer_ != nullptr) observer_->OnLeftQueue(absl::Now() - job.submitted);
}

// Does nothing when the status is OK or the job has ended: a job may be in the queue and in several slots at once.
void Scheduler::FailJob(Job& job, const absl::Status& status) {
  if (status.ok() || job.ended()) return;
  wasted_ += job.row_steps;
  CountEnded(job);
  job.Fail(status);
}

void Scheduler::CountEnded(const Job& job) {
  ++ended_;
  load_ -= job.TotalRows();
}

void Scheduler::RemoveEnded() {
  std::erase_if(encoding_, [](const std::shared_ptr<Job>& job) { return job->ended(); });
  std::erase_if(slots_, [this](const Slot& slot) {
    if (!slot.job->ended()) return false;
    rows_ -= slot.task->rows();
    return true;
  });
}

void Scheduler::AdmitWaiting() {
  while (static_cast<int>(encoding_.size()) < 2 * max_batch_rows_) {
    JobQueue::Turn turn;
    {
      const std::lock_guard lock(mutex_);
      const int before = queue_.size();
      // A task wider than the whole batch runs when it has the batch to itself.
      turn = queue_.Pop(slots_.empty() ? std::numeric_limits<int>::max() : max_batch_rows_ - rows_);
      limit_.Give(before - queue_.size());
    }
    if (turn.job == nullptr) return;
    Admit(std::move(turn));
  }
}

void Scheduler::Admit(JobQueue::Turn turn) {
  const absl::Time now = absl::Now();
  const bool first = turn.job->admitted == absl::InfinitePast();
  if (first) {
    turn.job->admitted = now;
    TellLeftQueue(*turn.job);
  }
  FailJob(*turn.job, turn.job->Interrupted(now));
  if (turn.job->ended()) return;
  if (first) encoding_.push_back(turn.job);
  if (turn.task == nullptr) return;
  rows_ += turn.task->rows();
  slots_.push_back({.job = std::move(turn.job), .task = std::move(turn.task)});
}

void Scheduler::EncodeNewcomers() {
  if (encoding_.empty()) return;
  encoder_.Encode(encoding_, kProfilesBetweenSteps, scratch_);
  // Two passes, as in RunStep: what throws must find the list whole (Guarded).
  for (const auto& job : encoding_) {
    if (job->encoded() && job->OnEncoded(model_)) CountEnded(*job);
  }
  std::erase_if(encoding_, [](const std::shared_ptr<Job>& job) { return job->encoded(); });
}

void Scheduler::RunStep() {
  std::vector<DecoderRow> rows;
  std::vector<std::pair<size_t, size_t>> parts;  // of each slot: its first row and their number
  for (const Slot& slot : slots_) {
    const size_t first = rows.size();
    if (slot.job->encoded()) slot.task->AddRows(rows);
    parts.emplace_back(first, rows.size() - first);
    slot.job->row_steps += static_cast<int64_t>(rows.size() - first);
  }
  if (rows.empty()) return;
  const absl::Time start = absl::Now();
  model_.decoder.Step(rows, step_, scratch_);
  if (observer_ != nullptr) observer_->OnStep(static_cast<int>(rows.size()), absl::Now() - start);
  ++steps_;
  row_steps_ += static_cast<int64_t>(rows.size());
  for (size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    const auto [first, count] = parts[i];
    if (count == 0) continue;
    slot.done = slot.task->OnStep(absl::MakeConstSpan(rows).subspan(first, count),
                                  absl::MakeConstSpan(step_.outputs).subspan(first, count), distribution_);
    if (slot.done && slot.job->ended()) CountEnded(*slot.job);
  }
  std::erase_if(slots_, [this](const Slot& slot) {
    if (slot.done) rows_ -= slot.task->rows();
    return slot.done;
  });
}

void Scheduler::PrepareWaiting() {
  if (!idle() && steps_ % kStepsBetweenPreparations != 0) return;
  Preparation next;
  {
    const std::lock_guard lock(mutex_);
    if (preparations_.empty()) return;
    next = std::move(preparations_.front());
    preparations_.pop_front();
  }
  encoder_.Prepare(next.user, next.history, next.forget_count, scratch_);
}

// What goes wrong inside a computation (memory, oneDNN) ends the jobs that took part, never the engine.
template <typename Work>
void Scheduler::Guarded(const Work& work) {
  try {
    work();
  } catch (const std::exception& e) {
    const absl::Status failed = absl::InternalError(absl::StrCat("the model failed: ", e.what()));
    for (const Slot& slot : slots_) FailJob(*slot.job, failed);
    for (const auto& job : encoding_) FailJob(*job, failed);
    RemoveEnded();
  }
}

void Scheduler::UpdateRate() {
  constexpr absl::Duration kPeriod = absl::Milliseconds(250);
  const absl::Time now = absl::Now();
  const absl::Duration passed = now - rate_since_;
  if (passed < kPeriod) return;
  const double rate = static_cast<double>(ended_ - ended_before_) / absl::ToDoubleSeconds(passed);
  if (!idle() && rate > 0) jobs_per_second_ = jobs_per_second_ == 0 ? rate : 0.5 * (jobs_per_second_ + rate);
  ended_before_ = ended_;
  rate_since_ = now;
}

void Scheduler::PublishStats() {
  const std::lock_guard lock(mutex_);
  UpdateRate();
  stats_.running_rows = rows_;
  stats_.steps = steps_;
  stats_.row_steps = row_steps_;
  stats_.wasted_row_steps = wasted_;
  stats_.profiles_built = encoder_.profiles_built();
  stats_.profile_cache_hits = encoder_.cache_hits();
}

void Scheduler::AddTo(EngineStats& stats) const {
  const std::lock_guard lock(mutex_);
  stats.waiting += queue_.size();
  stats.running_rows += stats_.running_rows;
  stats.steps += stats_.steps;
  stats.row_steps += stats_.row_steps;
  stats.wasted_row_steps += stats_.wasted_row_steps;
  stats.profiles_built += stats_.profiles_built;
  stats.profile_cache_hits += stats_.profile_cache_hits;
}

}  // namespace idiolect
