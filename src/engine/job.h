// One request on its way through an engine thread.
//
//   waiting      in the JobQueue
//   encoding     admitted; the scheduler encodes its contexts, newcomers together (ContextEncoder)
//   decoding     its tasks hold rows of the batch; each step of the batch is a step of each of them
//   ended        it has told its caller, exactly once
//
// A job hands out its work as tasks: a reply is one task, a ranking one a candidate, so that a long list takes its
// turns like everybody else. All methods but the constructor and Interrupted are called on the engine's thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "engine/context.h"
#include "engine/token_distribution.h"
#include "idiolect/engine.h"
#include "idiolect/engine_observer.h"

namespace idiolect {

// Rows of the batch that belong together: they enter at the same step and leave when the task has ended.
class Task {
 public:
  virtual ~Task() = default;
  // Rows that it occupies at most, from its admission on.
  virtual int rows() const = 0;
  // Adds the rows that take part in the next step.
  virtual void AddRows(std::vector<DecoderRow>& rows) = 0;
  // What the step made of those rows; true when the task has ended.
  virtual bool OnStep(absl::Span<const DecoderRow> rows, absl::Span<const RowOutput> outputs,
                      TokenDistribution::Workspace& workspace) = 0;
};

class Job {
 public:
  Job(UserKey user, absl::Time deadline, int64_t forget_count)
      : user_(std::move(user)), deadline_(deadline), forget_count_(forget_count), ticket_(std::make_shared<Ticket>()) {}
  virtual ~Job() = default;

  // Rows of the next task, or 0 when all have been handed out. A job without any tasks ends when its contexts are
  // there.
  virtual int NextTaskRows() const = 0;
  // Rows of all its tasks together.
  virtual int TotalRows() const { return 1; }
  // The next task; its rows are asked for only once the contexts are there.
  virtual std::unique_ptr<Task> NextTask() = 0;
  // The contexts are there. True when that was all, and the job has ended.
  virtual bool OnEncoded(const ServingModel& model) { return false; }
  // Ends the job with an error. Nothing is called after it.
  virtual void Fail(const absl::Status& status) = 0;
  // Whether the job has told its caller.
  virtual bool ended() const = 0;

  // Whether the caller is gone or too late; then the status to fail with.
  absl::Status Interrupted(absl::Time now) const;

  const UserKey& user() const { return user_; }
  const std::shared_ptr<Ticket>& ticket() const { return ticket_; }
  int64_t forget_count() const { return forget_count_; }
  std::vector<Context>& contexts() { return contexts_; }
  bool encoded() const;

  // Kept by the scheduler.
  absl::Time submitted = absl::Now(), admitted = absl::InfinitePast();
  bool profile_built = false;
  int64_t row_steps = 0;  // done for it so far, for the count of wasted work

 protected:
  std::vector<Context> contexts_;

 private:
  const UserKey user_;
  const absl::Time deadline_;
  const int64_t forget_count_;  // of the cache, when the job was submitted
  const std::shared_ptr<Ticket> ticket_;
};

// The jobs. Requests must have been validated; `model` and `engine_observer`, which may be null, must outlive them.
std::shared_ptr<Job> MakeReplyJob(const ServingModel& model, ReplyRequest request,
                                  std::shared_ptr<ReplyObserver> observer, int64_t forget_count,
                                  EngineObserver* engine_observer);
// `words`: the user's, where the scoring counts them.
std::shared_ptr<Job> MakeScoreJob(const ServingModel& model, ScoreRequest request, std::optional<UserWords> words,
                                  Engine::ScoresCallback done, int64_t forget_count);
std::shared_ptr<Job> MakeProfileJob(UserKey user, History history, absl::Time deadline, Engine::ProfileCallback done,
                                    int64_t forget_count);
std::shared_ptr<Job> MakeMemoryJob(UserKey user, History history, std::string post, absl::Time deadline,
                                   Engine::MemoryCallback done, int64_t forget_count);

}  // namespace idiolect
