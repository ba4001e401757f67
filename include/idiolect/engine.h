// The engine: threads that share a model and turn histories and posts into replies, scores and profiles.
//
// A caller submits a request and goes on; the engine calls the observer from one of its threads. Between a successful
// Submit and OnDone the observer is kept alive by the engine; OnDone is called exactly once, last. An observer must not
// block and must not call back into the engine, except Ticket::Cancel.
//
// Ends: kInvalidArgument (an option out of range, by field name), kResourceExhausted (queue full: Submit itself returns
// it), kDeadlineExceeded, kCancelled, kUnavailable (shutting down). Deadlines and cancellations are looked at between
// any two decoder steps.
//
// Determinism: the answer depends on the request and the model alone, not on what else the engine is doing.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "idiolect/precision.h"
#include "idiolect/reply.h"
#include "idiolect/user_profile.h"

namespace idiolect {

// The caller's hold on a request in flight. Thread-safe. Dropping it does not cancel.
class Ticket {
 public:
  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> cancelled_{false};
};

// Hears of one reply.
class ReplyObserver {
 public:
  virtual ~ReplyObserver() = default;
  // More text of the best candidate, as it is decoded: whole UTF-8 characters, never taken back; concatenated they are
  // the candidate's text. Called only where wants_text(), for a single candidate without beam search; else all text
  // comes with OnDone.
  virtual void OnText(std::string_view piece) {}
  virtual bool wants_text() const { return false; }
  virtual void OnDone(absl::StatusOr<Reply> reply) = 0;
};

// The payload of a kResourceExhausted: in how many seconds, as decimal digits, the queue is expected to have moved on.
inline constexpr std::string_view kRetryDelayPayload = "idiolect/retry-delay-seconds";

struct EngineOptions {
  int engines = 0;  // engine threads, each with a batch of its own; 0: one a core
  Precision precision = Precision::kInt8;
  int max_queue = 1024;     // requests waiting, in all engines together; one more is kResourceExhausted
  int max_batch_rows = 64;  // decoder rows (candidates and beams of all requests) in a step of one engine
  // Of all engines together; an eighth as much beside it is for the tokens of histories that rankings have counted.
  int64_t profile_cache_bytes = int64_t{256} << 20;
};

// What a caller may want to know of the model behind an engine.
struct ModelInfo {
  std::string name;          // the folder's name
  std::string config_json;   // config.json as loaded
  std::string content_hash;  // lower-case hexadecimal SHA-256 over config, weights and tokenizer
  int64_t parameter_count = 0;
  std::string precision;  // "float32", "bf16" or "int8"
  std::string device;     // "cpu"
  int vocab_size = 0;
  int d_model = 0;
  int max_history = 0;
  int max_post_tokens = 0;
  int max_response_tokens = 0;
};

struct EngineStats {
  int64_t waiting = 0, running_rows = 0;
  // Since the start, all engines together. row_steps / steps is the mean batch occupancy; wasted: spent on rows whose
  // request was cancelled or came too late.
  int64_t steps = 0, row_steps = 0, wasted_row_steps = 0;
  int64_t profiles_built = 0, profile_cache_hits = 0, profile_cache_bytes = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;  // fails what is in flight with kUnavailable and joins the thread

  virtual absl::StatusOr<std::shared_ptr<Ticket>> SubmitReply(ReplyRequest request,
                                                              std::shared_ptr<ReplyObserver> observer) = 0;

  using ScoresCallback = std::function<void(absl::StatusOr<Scores>)>;
  virtual absl::StatusOr<std::shared_ptr<Ticket>> SubmitScore(ScoreRequest request, ScoresCallback done) = 0;

  // Builds the user's profile or finds it in the cache.
  using ProfileCallback = std::function<void(absl::StatusOr<std::shared_ptr<const UserProfile>>)>;
  virtual absl::StatusOr<std::shared_ptr<Ticket>> SubmitProfile(const UserKey& user, History history,
                                                                absl::Time deadline, ProfileCallback done) = 0;

  using MemoryCallback = std::function<void(absl::StatusOr<MemoryReading>)>;
  virtual absl::StatusOr<std::shared_ptr<Ticket>> SubmitMemoryQuery(const UserKey& user, History history,
                                                                    std::string post, absl::Time deadline,
                                                                    MemoryCallback done) = 0;

  // OK, or the kResourceExhausted with which a request would be refused at present: for a server that wants to know
  // before it reads the request and a history. Cheap.
  virtual absl::Status CheckQueue() const = 0;

  // Whether a profile of the user is cached, of whatever revision: they were here lately.
  virtual bool HoldsProfile(const UserKey& user) const = 0;

  // Builds the profile of this state of the user's history when there is nothing more urgent to do, so that the next
  // reply finds it ready. Never fails and answers nothing: under load it may be left undone, and a later one replaces
  // an earlier one of the same user.
  virtual void PrepareProfile(const UserKey& user, History history) = 0;

  // Drops everything derived from the user's history. When it returns, nothing of it is cached.
  virtual void Forget(const UserKey& user) = 0;

  // How surprising `word` is in the model's language, in nats: minus its log-probability under the tokenizer's unigram
  // model. Thread-safe; used to weigh a user's vocabulary.
  virtual double Surprisal(std::string_view word) const = 0;

  virtual const ModelInfo& model_info() const = 0;
  virtual EngineStats stats() const = 0;
};

// kInvalidArgument whose message begins with the offending field's name, "decoding.top_p: …".
absl::Status ValidateDecodingOptions(const DecodingOptions& options, int max_response_tokens);

// Loads the model directory and starts the engine's threads. Errors name the file and the fault; kUnimplemented where
// this processor can't compute with the precision.
absl::StatusOr<std::unique_ptr<Engine>> StartEngine(const std::string& model_dir, const EngineOptions& options);

}  // namespace idiolect
