// One request on its way through the engine. The scheduler gives each running job one slice of work at a time, a
// decoder step or something about as long, so that none waits for another to end.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "engine/profile_cache.h"
#include "idiolect/engine.h"
#include "model/dhap_model.h"

namespace idiolect {

// What the engine's thread lends to the job that it is running.
struct EngineContext {
  const DhapModel& model;
  ProfileCache& cache;
  int64_t profiles_built = 0, profile_cache_hits = 0;
};

class Job {
 public:
  Job(UserKey user, absl::Time deadline, int64_t forget_count)
      : user_(std::move(user)), deadline_(deadline), forget_count_(forget_count), ticket_(std::make_shared<Ticket>()) {}
  virtual ~Job() = default;

  // Does a slice of the work on the engine's thread; true when the job has ended and told its caller.
  virtual bool RunSlice(EngineContext& context) = 0;
  // Ends the job with an error. Neither this nor RunSlice is called after it, or after RunSlice returned true.
  virtual void Fail(const absl::Status& status) = 0;
  // Decoder rows the job occupies while it runs.
  virtual int rows() const { return 1; }

  // Whether the caller is gone or too late; then the status to fail with.
  absl::Status Interrupted(absl::Time now) const;

  const UserKey& user() const { return user_; }
  const std::shared_ptr<Ticket>& ticket() const { return ticket_; }
  int64_t slices = 0;  // done so far, for the count of wasted work

 protected:
  // The profile of the history, from the cache or built now.
  std::shared_ptr<const UserProfile> ProfileOf(const History& history, EngineContext& context) const;

 private:
  const UserKey user_;
  const absl::Time deadline_;
  const int64_t forget_count_;  // of the cache, when the job was submitted
  const std::shared_ptr<Ticket> ticket_;
};

// The jobs. Requests must have been validated.
std::unique_ptr<Job> MakeReplyJob(ReplyRequest request, std::shared_ptr<ReplyObserver> observer, int64_t forget_count);
std::unique_ptr<Job> MakeScoreJob(ScoreRequest request, Engine::ScoresCallback done, int64_t forget_count);
std::unique_ptr<Job> MakeProfileJob(UserKey user, History history, absl::Time deadline, Engine::ProfileCallback done,
                                    int64_t forget_count);
std::unique_ptr<Job> MakeMemoryJob(UserKey user, History history, std::string post, absl::Time deadline,
                                   Engine::MemoryCallback done, int64_t forget_count);

}  // namespace idiolect
