// The engine's thread. It owns the model's computations: callers queue jobs, the thread admits as many as the batch has
// rows for, gives each running one a slice in turn (RunStep), and throws out the cancelled and expired between steps.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/job_queue.h"

namespace idiolect {

class Scheduler {
 public:
  // `model` and `cache` must outlive it. Starts the thread.
  Scheduler(const DhapModel& model, ProfileCache& cache, const EngineOptions& options);
  ~Scheduler();  // fails every job with kUnavailable and joins the thread

  // Any thread. kResourceExhausted when the queue is full, kUnavailable when the scheduler is stopping.
  absl::StatusOr<std::shared_ptr<Ticket>> Submit(std::unique_ptr<Job> job);

  EngineStats stats() const;

 private:
  void Loop();
  bool WaitForWork();  // false: stop
  void AdmitWaiting();
  void EvictInterrupted();
  void RunStep(EngineContext& context);
  bool RunGuarded(Job& job, EngineContext& context);
  void PublishStats(const EngineContext& context);

  const DhapModel& model_;
  ProfileCache& cache_;
  const EngineOptions options_;

  // Guards the next four.
  mutable std::mutex mutex_;
  std::condition_variable work_arrived_;
  JobQueue queue_;
  bool stopping_ = false;
  EngineStats stats_;

  // The engine thread's own.
  std::vector<std::unique_ptr<Job>> running_;
  int rows_ = 0;
  int64_t steps_ = 0, wasted_ = 0, tokens_ = 0;

  std::thread thread_;  // last: it uses everything above
};

}  // namespace idiolect
