#include "tests/support/fake_engine.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace idiolect::testing {
namespace {

absl::Status FullQueue() {
  absl::Status status = absl::ResourceExhaustedError("the queue is full");
  status.SetPayload(std::string(kRetryDelayPayload), absl::Cord("1.25"));
  return status;
}

// The same on every machine and in every run.
uint64_t Hash(std::string_view text, uint64_t hash = 1469598103934665603u) {
  for (unsigned char c : text) hash = (hash ^ c) * 1099511628211u;
  return hash;
}

std::vector<std::string> WordsOf(const History& history) {
  std::vector<std::string> words;
  for (const Exchange& exchange : history.exchanges) {
    std::istringstream in(exchange.response);
    for (std::string word; in >> word;) words.push_back(word);
  }
  if (words.empty()) words = {"anybody", "would", "say", "höflich"};
  return words;
}

ReplyCandidate Candidate(const ReplyRequest& request, int tokens, int number) {
  const std::vector<std::string> words = WordsOf(request.history);
  ReplyCandidate candidate;
  uint64_t state = Hash(request.post, request.decoding.seed + 31 * number + 1);
  for (int i = 0; i < tokens; ++i) {
    state = Hash("step", state);
    const size_t pick = state % words.size();
    absl::StrAppend(&candidate.text, i == 0 ? "" : " ", words[pick]);
    candidate.tokens.push_back(static_cast<int32_t>(pick));
    candidate.logprob -= 0.5 + number;
    if (!request.explain) continue;
    TokenExplanation explanation;
    explanation.text = words[pick];
    explanation.logprob = -0.5 - number;
    explanation.copy_probability = request.history.exchanges.empty() ? 0 : 0.75;
    for (const Exchange& exchange : request.history.exchanges) {
      if (exchange.response.find(words[pick]) != std::string::npos)
        explanation.sources.push_back({exchange.sequence, 0.5});
    }
    candidate.explanation.push_back(std::move(explanation));
  }
  candidate.finish_reason = request.decoding.max_tokens == tokens ? FinishReason::kMaxTokens : FinishReason::kEndOfText;
  return candidate;
}

ScoredCandidate ScoreOf(const ScoreRequest& request, int index, double logprob_of_own) {
  const std::vector<std::string> own = WordsOf(request.history);
  ScoredCandidate scored;
  scored.index = index;
  std::istringstream in(request.candidates[index]);
  for (std::string word; in >> word;) {
    scored.token_texts.push_back(word);
    scored.token_logprobs.push_back(logprob_of_own * (std::count(own.begin(), own.end(), word) > 0 ? 1 : 5));
  }
  scored.token_texts.push_back("</s>");
  scored.token_logprobs.push_back(logprob_of_own);
  for (double logprob : scored.token_logprobs) scored.logprob += logprob;
  scored.score = scored.logprob;
  if (request.per_token) scored.score /= static_cast<double>(scored.token_logprobs.size());
  return scored;
}

Scores ScoreAll(const ScoreRequest& request, double logprob_of_own) {
  Scores scores;
  for (size_t i = 0; i < request.candidates.size(); ++i) {
    scores.ranked.push_back(ScoreOf(request, static_cast<int>(i), logprob_of_own));
  }
  std::stable_sort(scores.ranked.begin(), scores.ranked.end(),
                   [](const ScoredCandidate& a, const ScoredCandidate& b) { return a.score > b.score; });
  scores.revision = request.history.revision;
  scores.cold_start = request.history.exchanges.empty();
  return scores;
}

}  // namespace

FakeEngine::FakeEngine(const FakeEngineOptions& options) : options_(options) {
  info_.name = options.name;
  info_.config_json = "{}";
  info_.content_hash = options.content_hash;
  info_.parameter_count = 12;
  info_.precision = "float32";
  info_.device = "cpu";
  info_.vocab_size = 100;
  info_.d_model = 3;
  info_.max_history = 5;
  info_.max_post_tokens = 64;
  info_.max_response_tokens = 48;
  thread_ = std::thread([this] { Work(); });
}

FakeEngine::~FakeEngine() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

absl::StatusOr<std::shared_ptr<Ticket>> FakeEngine::Enqueue(absl::Time deadline,
                                                            std::function<void(absl::Status, const Job&)> run) {
  Job job{.ticket = std::make_shared<Ticket>(), .deadline = deadline, .run = nullptr};
  job.run = [run = std::move(run), ticket = job.ticket, deadline](absl::Status status) {
    run(std::move(status), Job{ticket, deadline, nullptr});
  };
  std::shared_ptr<Ticket> ticket = job.ticket;
  std::lock_guard lock(mutex_);
  if (static_cast<int>(queue_.size()) >= options_.max_queue) return FullQueue();
  ++submitted_;
  last_deadline_ = deadline;
  queue_.push_back(std::move(job));
  changed_.notify_all();
  return ticket;
}

void FakeEngine::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || (!paused_ && !queue_.empty()); });
    if (queue_.empty()) return;
    Job job = std::move(queue_.front());
    queue_.pop_front();
    absl::Status status = std::exchange(next_failure_, absl::OkStatus());
    if (stopping_) status.Update(absl::UnavailableError("the engine is shutting down"));
    lock.unlock();
    status.Update(EndOf(job));
    job.run(status);
    lock.lock();
  }
}

absl::Status FakeEngine::EndOf(const Job& job) {
  if (job.ticket->cancelled()) {
    std::lock_guard lock(mutex_);
    ++cancelled_;
    return absl::CancelledError("cancelled");
  }
  return absl::Now() >= job.deadline ? absl::DeadlineExceededError("too late") : absl::OkStatus();
}

absl::Status FakeEngine::Step(const Job& job) {
  if (options_.step > absl::ZeroDuration()) absl::SleepFor(options_.step);
  return EndOf(job);
}

void FakeEngine::Cache(const UserKey& user, const History& history) {
  std::lock_guard lock(mutex_);
  profiles_.emplace(user, history.epoch, history.revision);
}

void FakeEngine::Answer(const ReplyRequest& request, ReplyObserver& observer, const Job& job) {
  Cache(request.user, request.history);
  const DecodingOptions& decoding = request.decoding;
  const int tokens =
      decoding.max_tokens > 0 ? std::min(decoding.max_tokens, options_.tokens_per_reply) : options_.tokens_per_reply;
  Reply reply;
  reply.revision = request.history.revision;
  reply.cold_start = request.history.exchanges.empty();
  for (int i = 0; i < decoding.candidate_count; ++i) reply.candidates.push_back(Candidate(request, tokens, i));
  std::istringstream in(reply.candidates[0].text);
  const bool streams = decoding.candidate_count == 1 && decoding.beam_size == 1;
  int spoken = 0;
  for (std::string word; in >> word; ++spoken) {
    const absl::Status status = Step(job);
    if (!status.ok()) return observer.OnDone(status);
    if (streams) observer.OnText(spoken == 0 ? word : " " + word);
  }
  observer.OnDone(std::move(reply));
}

absl::StatusOr<std::shared_ptr<Ticket>> FakeEngine::SubmitReply(ReplyRequest request,
                                                                std::shared_ptr<ReplyObserver> observer) {
  const absl::Time deadline = request.deadline;
  return Enqueue(deadline, [this, request = std::move(request), observer = std::move(observer)](absl::Status status,
                                                                                                const Job& job) {
    if (!status.ok()) return observer->OnDone(status);
    Answer(request, *observer, job);
  });
}

absl::StatusOr<std::shared_ptr<Ticket>> FakeEngine::SubmitScore(ScoreRequest request, ScoresCallback done) {
  const absl::Time deadline = request.deadline;
  return Enqueue(deadline,
                 [this, request = std::move(request), done = std::move(done)](absl::Status status, const Job& job) {
                   if (!status.ok()) return done(status);
                   Cache(request.user, request.history);
                   done(ScoreAll(request, options_.logprob));
                 });
}

absl::StatusOr<std::shared_ptr<Ticket>> FakeEngine::SubmitProfile(const UserKey& user, History history,
                                                                  absl::Time deadline, ProfileCallback done) {
  return Enqueue(deadline, [this, user, history = std::move(history), done = std::move(done)](absl::Status status,
                                                                                              const Job& job) {
    if (!status.ok()) return done(status);
    Cache(user, history);
    auto profile = std::make_shared<UserProfile>();
    profile->epoch = history.epoch;
    profile->revision = history.revision;
    profile->d = info_.d_model;
    profile->general.assign(info_.d_model, static_cast<float>(history.exchanges.size()));
    done(std::shared_ptr<const UserProfile>(std::move(profile)));
  });
}

absl::StatusOr<std::shared_ptr<Ticket>> FakeEngine::SubmitMemoryQuery(const UserKey& user, History history,
                                                                      std::string post, absl::Time deadline,
                                                                      MemoryCallback done) {
  return Enqueue(deadline, [this, user, history = std::move(history), post = std::move(post), done = std::move(done)](
                               absl::Status status, const Job& job) {
    if (!status.ok()) return done(status);
    Cache(user, history);
    MemoryReading reading;
    // The newest is the heaviest: 1/2, 1/4, … and the rest to the oldest.
    double left = 1;
    for (auto it = history.exchanges.rbegin(); it != history.exchanges.rend(); ++it) {
      const double weight = std::next(it) == history.exchanges.rend() ? left : left / 2;
      reading.entries.push_back({it->sequence, weight});
      left -= weight;
    }
    reading.dynamic_profile.assign(info_.d_model, static_cast<float>(post.size()));
    reading.revision = history.revision;
    done(std::move(reading));
  });
}

void FakeEngine::Forget(const UserKey& user) {
  std::lock_guard lock(mutex_);
  std::erase_if(profiles_, [&](const auto& key) { return std::get<0>(key) == user; });
}

absl::Status FakeEngine::CheckQueue() const {
  std::lock_guard lock(mutex_);
  if (static_cast<int>(queue_.size()) < options_.max_queue) return absl::OkStatus();
  return FullQueue();
}

void FakeEngine::PrepareProfile(const UserKey& user, History history) {
  std::lock_guard lock(mutex_);
  ++prepared_;
  last_prepared_ = std::move(history);
}

History FakeEngine::last_prepared() const {
  std::lock_guard lock(mutex_);
  return last_prepared_;
}

int FakeEngine::prepared() const {
  std::lock_guard lock(mutex_);
  return prepared_;
}

EngineStats FakeEngine::stats() const {
  std::lock_guard lock(mutex_);
  EngineStats stats;
  stats.waiting = static_cast<int64_t>(queue_.size());
  return stats;
}

void FakeEngine::Pause() {
  std::lock_guard lock(mutex_);
  paused_ = true;
}

void FakeEngine::Resume() {
  std::lock_guard lock(mutex_);
  paused_ = false;
  changed_.notify_all();
}

int FakeEngine::submitted() const {
  std::lock_guard lock(mutex_);
  return submitted_;
}

int FakeEngine::cancelled() const {
  std::lock_guard lock(mutex_);
  return cancelled_;
}

absl::Time FakeEngine::last_deadline() const {
  std::lock_guard lock(mutex_);
  return last_deadline_;
}

bool FakeEngine::HoldsProfileOf(const UserKey& user) const {
  std::lock_guard lock(mutex_);
  return std::any_of(profiles_.begin(), profiles_.end(), [&](const auto& key) { return std::get<0>(key) == user; });
}

void FakeEngine::FailNext(absl::Status status) {
  std::lock_guard lock(mutex_);
  next_failure_ = std::move(status);
}

}  // namespace idiolect::testing
