#include <mutex>

#include "bench/target.h"

namespace idiolect {
namespace {

class Observer : public ReplyObserver {
 public:
  explicit Observer(std::function<void(const BenchOutcome&)> done) : done_(std::move(done)) {}

  void OnDone(absl::StatusOr<Reply> reply) override {
    BenchOutcome outcome{.status = reply.status(), .queue = {}, .first_token = {}};
    if (reply.ok()) {
      outcome.queue = reply->timing.queue;
      outcome.first_token = reply->timing.first_token;
      outcome.profile_built = reply->timing.profile_built;
      for (const ReplyCandidate& c : reply->candidates) outcome.tokens += static_cast<int>(c.tokens.size());
    }
    done_(outcome);
  }

 private:
  const std::function<void(const BenchOutcome&)> done_;
};

class EngineTarget : public BenchTarget {
 public:
  EngineTarget(Engine& engine, const Workload& workload, const BenchAsk& ask)
      : engine_(engine), workload_(workload), ask_(ask), window_(WindowOf(engine.model_info().max_history, ask)) {
    for (const BenchUser& user : workload.users()) {
      History& history = histories_.emplace_back();
      history.epoch = 1;
      history.revision = static_cast<int64_t>(user.exchanges.size());
      const size_t skipped = user.exchanges.size() - std::min(user.exchanges.size(), window_);
      history.exchanges.assign(user.exchanges.begin() + static_cast<std::ptrdiff_t>(skipped), user.exchanges.end());
    }
  }

  void Send(const BenchRequest& request, std::function<void(const BenchOutcome&)> done) override {
    ask_.score_candidates > 0 ? SendScore(request, std::move(done)) : SendReply(request, std::move(done));
  }

  absl::Status Append(int user, int64_t number) override {
    const std::lock_guard lock(mutex_);
    History& history = histories_[user];
    Exchange exchange;
    exchange.sequence = ++history.revision;
    exchange.post = workload_.Post(user, number);
    exchange.response = workload_.Response(number);
    if (history.exchanges.size() >= window_) history.exchanges.erase(history.exchanges.begin());
    history.exchanges.push_back(std::move(exchange));
    return absl::OkStatus();
  }

  std::optional<EngineStats> stats() const override { return engine_.stats(); }

 private:
  static size_t WindowOf(int max_history, const BenchAsk& ask) {
    const bool ranks = ask.score_candidates > 0;
    return static_cast<size_t>(ranks ? HistoryWanted(ScoreRequest().scoring, max_history) : max_history);
  }
  History HistoryOf(int user) const {
    const std::lock_guard lock(mutex_);
    return histories_[user];
  }
  absl::Time Deadline() const { return absl::Now() + ask_.timeout; }

  void SendReply(const BenchRequest& request, std::function<void(const BenchOutcome&)> done) {
    ReplyRequest reply{.user = workload_.users()[request.user].key,
                       .history = HistoryOf(request.user),
                       .post = workload_.Post(request.user, request.number),
                       .decoding = ask_.decoding,
                       .explain = false,
                       .deadline = Deadline()};
    reply.decoding.seed = static_cast<uint64_t>(request.number);
    const auto ticket = engine_.SubmitReply(std::move(reply), std::make_shared<Observer>(done));
    if (!ticket.ok()) done({.status = ticket.status(), .queue = {}, .first_token = {}});
  }

  void SendScore(const BenchRequest& request, std::function<void(const BenchOutcome&)> done) {
    ScoreRequest score{.user = workload_.users()[request.user].key,
                       .history = HistoryOf(request.user),
                       .post = workload_.Post(request.user, request.number),
                       .candidates = {},
                       .scoring = Scoring::kPersonalAndWords,
                       .per_token = true,
                       .deadline = Deadline()};
    for (int i = 0; i < ask_.score_candidates; ++i) score.candidates.push_back(workload_.Response(request.number + i));
    const auto ticket = engine_.SubmitScore(std::move(score), [done](absl::StatusOr<Scores> scores) {
      BenchOutcome outcome{.status = scores.status(), .queue = {}, .first_token = {}};
      if (scores.ok()) {
        for (const ScoredCandidate& c : scores->ranked) outcome.tokens += static_cast<int>(c.token_logprobs.size());
      }
      done(outcome);
    });
    if (!ticket.ok()) done({.status = ticket.status(), .queue = {}, .first_token = {}});
  }

  Engine& engine_;
  const Workload& workload_;
  const BenchAsk ask_;
  const size_t window_;  // of a history, for a request
  mutable std::mutex mutex_;
  std::vector<History> histories_;
};

}  // namespace

std::unique_ptr<BenchTarget> MakeEngineTarget(Engine& engine, const Workload& workload, const BenchAsk& ask) {
  return std::make_unique<EngineTarget>(engine, workload, ask);
}

}  // namespace idiolect
