// One engine thread and its batch: continuous batching. Callers queue jobs; between any two steps the thread throws out
// the cancelled and expired, admits tasks as long as the batch has rows, encodes what newcomers need, and then advances
// all rows of all tasks by one token with one product a matrix (RunStep). So requests join and leave at any step.
//
// What a request gets does not depend on its neighbours in the batch, to the bit: see inference/serving_model.h.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/context_encoder.h"
#include "engine/job_queue.h"
#include "engine/queue_limit.h"
#include "engine/user_cache.h"

namespace idiolect {

class Scheduler {
 public:
  // What they refer to must outlive it; `observer` may be null. Starts the thread.
  Scheduler(const ServingModel& model, QueueLimit& limit, ProfileCache& cache, int max_batch_rows,
            EngineObserver* observer);
  ~Scheduler();  // fails every job with kUnavailable and joins the thread

  // Any thread. kResourceExhausted when the queue is full, kUnavailable when the scheduler is stopping.
  absl::StatusOr<std::shared_ptr<Ticket>> Submit(std::shared_ptr<Job> job);
  // What Submit would say of the queue at present.
  absl::Status CheckQueue() const;
  // Any thread. See Engine::PrepareProfile.
  void Prepare(const UserKey& user, History history);
  // Any thread. Drops what waits to be prepared of the user.
  void Forget(const UserKey& user);

  // Any thread. Rows of the jobs that have been submitted and have not ended.
  int64_t load() const { return load_.load(std::memory_order_relaxed); }
  void AddTo(EngineStats& stats) const;

 private:
  // A task in the batch.
  struct Slot {
    std::shared_ptr<Job> job;
    std::unique_ptr<Task> task;
    bool done = false;
  };
  // A profile to be built when there is time.
  struct Preparation {
    UserKey user;
    History history;
    int64_t forget_count;
  };

  void Loop();
  bool WaitForWork();  // false: stop
  void EvictInterrupted();
  void AdmitWaiting();
  void Admit(JobQueue::Turn turn);
  void EncodeNewcomers();
  void RunStep();
  void PrepareWaiting();
  void TellLeftQueue(const Job& job) const;
  void FailJob(Job& job, const absl::Status& status);
  void CountEnded(const Job& job);
  void RemoveEnded();
  template <typename Work>
  void Guarded(const Work& work);
  void PublishStats();
  void UpdateRate();
  absl::Status QueueFull() const;
  bool idle() const { return slots_.empty() && encoding_.empty(); }

  const ServingModel& model_;
  QueueLimit& limit_;
  const int max_batch_rows_;
  EngineObserver* const observer_;
  ProfileCache& cache_;
  std::atomic<int64_t> load_{0};

  // Guards what follows, up to the engine thread's own.
  mutable std::mutex mutex_;
  std::condition_variable work_arrived_;
  JobQueue queue_;
  std::deque<Preparation> preparations_;
  bool stopping_ = false;
  EngineStats stats_;
  double jobs_per_second_ = 0;  // ended lately, while there was work; 0: not known yet

  // The engine thread's own.
  ContextEncoder encoder_;
  Scratch scratch_;
  ServingDecoder::Workspace step_;
  TokenDistribution::Workspace distribution_;
  std::vector<Slot> slots_;
  std::vector<std::shared_ptr<Job>> encoding_;  // admitted, without their contexts yet
  int rows_ = 0;                                // of the slots
  int64_t steps_ = 0, row_steps_ = 0, wasted_ = 0, ended_ = 0;
  int64_t ended_before_ = 0;
  absl::Time rate_since_ = absl::Now(), queue_checked_ = absl::InfinitePast();

  std::thread thread_;  // last: it uses everything above
};

}  // namespace idiolect
