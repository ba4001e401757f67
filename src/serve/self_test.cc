#include "serve/self_test.h"

#include <cmath>
#include <future>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "serve/wire.h"

namespace idiolect {
namespace {

constexpr absl::Duration kLimit = absl::Seconds(60);
constexpr double kRounding = 1e-3;  // by which a log-probability may exceed 0

absl::Status Failed(const absl::string_view what) {
  return absl::FailedPreconditionError(absl::StrCat("the model fails its self-test: ", what));
}

// A person in two exchanges. Revision 0 stands for a history of no store, which the engine does not cache.
History SomeHistory() {
  History history;
  for (const auto& [post, response] :
       {std::pair("did the build pass?", "one test short of done"), std::pair("coffee?", "always. black. now")}) {
    Exchange exchange;
    exchange.sequence = static_cast<int64_t>(history.exchanges.size()) + 1;
    exchange.post = post;
    exchange.response = response;
    history.exchanges.push_back(std::move(exchange));
  }
  return history;
}

template <typename Answer>
absl::StatusOr<Answer> Await(std::future<absl::StatusOr<Answer>> answer) {
  absl::StatusOr<Answer> got = answer.get();
  if (!got.ok()) return Failed(got.status().message());
  return got;
}

absl::StatusOr<Scores> AskForScores(Engine& engine, const History& history) {
  auto promise = std::make_shared<std::promise<absl::StatusOr<Scores>>>();
  std::future<absl::StatusOr<Scores>> future = promise->get_future();
  ScoreRequest request{.user = {"", "self-test"},
                       .history = history,
                       .post = "is it Friday yet?",
                       .candidates = {"same as always: no", "Yes.", ""},
                       .deadline = absl::Now() + kLimit};
  const auto ticket = engine.SubmitScore(
      std::move(request), [promise](absl::StatusOr<Scores> scores) { promise->set_value(std::move(scores)); });
  if (!ticket.ok()) return Failed(ticket.status().message());
  return Await<Scores>(std::move(future));
}

class AwaitedReply final : public ReplyObserver {
 public:
  void OnDone(absl::StatusOr<Reply> reply) override { promise_.set_value(std::move(reply)); }
  std::future<absl::StatusOr<Reply>> future() { return promise_.get_future(); }

 private:
  std::promise<absl::StatusOr<Reply>> promise_;
};

absl::StatusOr<Reply> AskForReply(Engine& engine, const History& history, double temperature) {
  auto observer = std::make_shared<AwaitedReply>();
  std::future<absl::StatusOr<Reply>> future = observer->future();
  ReplyRequest request{.user = {"", "self-test"},
                       .history = history,
                       .post = "is it Friday yet?",
                       .decoding = {.temperature = temperature, .seed = 7},
                       .explain = true,
                       .deadline = absl::Now() + kLimit};
  const auto ticket = engine.SubmitReply(std::move(request), std::move(observer));
  if (!ticket.ok()) return Failed(ticket.status().message());
  return Await<Reply>(std::move(future));
}

bool IsLogProbability(double value) { return std::isfinite(value) && value <= kRounding; }

absl::Status CheckScores(Engine& engine, const History& history) {
  const absl::StatusOr<Scores> scores = AskForScores(engine, history);
  if (!scores.ok()) return scores.status();
  for (const ScoredCandidate& candidate : scores->ranked) {
    if (!std::isfinite(candidate.score)) return Failed("a score is not finite");
    for (const double logprob : candidate.token_logprobs) {
      if (!IsLogProbability(logprob)) return Failed("a token's log-probability is none");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckReply(Engine& engine, const History& history, double temperature) {
  const absl::StatusOr<Reply> reply = AskForReply(engine, history, temperature);
  if (!reply.ok()) return reply.status();
  if (reply->candidates.size() != 1) return Failed("a reply has no candidate");
  const ReplyCandidate& candidate = reply->candidates[0];
  if (!IsLogProbability(candidate.logprob)) return Failed("a reply's log-probability is none");
  if (!IsUtf8(candidate.text)) return Failed("a reply is not UTF-8");
  const absl::StatusOr<Reply> again = AskForReply(engine, history, temperature);
  if (!again.ok()) return again.status();
  if (again->candidates[0].tokens != candidate.tokens) return Failed("the same request got two replies");
  return absl::OkStatus();
}

}  // namespace

absl::Status SelfTest(Engine& engine) {
  for (const History& history : {History(), SomeHistory()}) {
    absl::Status status = CheckScores(engine, history);
    for (const double temperature : {0.0, 0.9}) {
      if (status.ok()) status = CheckReply(engine, history, temperature);
    }
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace idiolect
