// An engine without a model, for tests of what stands around it. Deterministic: a reply is made of the words of the
// user's own responses, picked by the post and the seed, so one can tell from the outside whose history it came from
// and that it came from nothing else.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "idiolect/engine.h"

namespace idiolect::testing {

struct FakeEngineOptions {
  int max_queue = 1024;
  int tokens_per_reply = 8;
  absl::Duration step = absl::ZeroDuration();  // what one token takes
  std::string name = "fake", content_hash = std::string(64, 'a');
  double logprob = -1;  // of a word of the user's own in a ranking; of others five times that
};

class FakeEngine : public Engine {
 public:
  explicit FakeEngine(const FakeEngineOptions& options = {});
  ~FakeEngine() override;

  absl::StatusOr<std::shared_ptr<Ticket>> SubmitReply(ReplyRequest request,
                                                      std::shared_ptr<ReplyObserver> observer) override;
  absl::StatusOr<std::shared_ptr<Ticket>> SubmitScore(ScoreRequest request, ScoresCallback done) override;
  absl::StatusOr<std::shared_ptr<Ticket>> SubmitProfile(const UserKey& user, History history, absl::Time deadline,
                                                        ProfileCallback done) override;
  absl::StatusOr<std::shared_ptr<Ticket>> SubmitMemoryQuery(const UserKey& user, History history, std::string post,
                                                            absl::Time deadline, MemoryCallback done) override;
  void Forget(const UserKey& user) override;
  double Surprisal(std::string_view word) const override { return static_cast<double>(word.size()); }
  const ModelInfo& model_info() const override { return info_; }
  absl::Status CheckQueue() const override;
  bool HoldsProfile(const UserKey& user) const override { return HoldsProfileOf(user); }
  void PrepareProfile(const UserKey& user, History history) override;
  EngineStats stats() const override;
  // Histories handed to PrepareProfile so far.
  int prepared() const;
  History last_prepared() const;

  // While paused, nothing of the queue is begun.
  void Pause();
  void Resume();

  // For the test to look at.
  int submitted() const;
  int cancelled() const;  // requests that ended because their ticket was cancelled
  absl::Time last_deadline() const;
  bool HoldsProfileOf(const UserKey& user) const;
  void FailNext(absl::Status status);  // the next request ends with it

 private:
  struct Job {
    std::shared_ptr<Ticket> ticket;
    absl::Time deadline;
    std::function<void(absl::Status)> run;  // with OK to answer, else to pass the error on
  };

  absl::StatusOr<std::shared_ptr<Ticket>> Enqueue(absl::Time deadline,
                                                  std::function<void(absl::Status, const Job&)> run);
  void Work();
  absl::Status EndOf(const Job& job);  // OK while the job may go on
  absl::Status Step(const Job& job);   // takes the time of one token
  void Cache(const UserKey& user, const History& history);
  void Answer(const ReplyRequest& request, ReplyObserver& observer, const Job& job);

  const FakeEngineOptions options_;
  ModelInfo info_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> queue_;
  std::set<std::tuple<UserKey, int64_t, int64_t>> profiles_;
  absl::Status next_failure_;
  absl::Time last_deadline_;
  int submitted_ = 0, cancelled_ = 0, prepared_ = 0;
  History last_prepared_;
  bool paused_ = false, stopping_ = false;
  std::thread thread_;
};

}  // namespace idiolect::testing
