#include <algorithm>
#include <numeric>
#include <optional>

#include "engine/job.h"

namespace idiolect {
namespace {

double Sum(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

class ScoreJob : public Job, public std::enable_shared_from_this<ScoreJob> {
 public:
  ScoreJob(const ServingModel& model, ScoreRequest request, std::optional<UserWords> words, Engine::ScoresCallback done,
           int64_t forget_count)
      : Job(request.user, request.deadline, forget_count),
        model_(model),
        request_(std::move(request)),
        words_(std::move(words)),
        done_(std::move(done)) {
    contexts_.emplace_back(&request_.history, &request_.post);
    if (request_.scoring != Scoring::kLikelihood) contexts_.push_back(Baseline());
  }

  // A candidate in tokens, and what its words say.
  ScoredCandidate Read(size_t index, std::vector<int32_t>& ids) const;

  int NextTaskRows() const override {
    return next_ < request_.candidates.size() ? static_cast<int>(contexts_.size()) : 0;
  }
  int TotalRows() const override { return static_cast<int>(request_.candidates.size() * contexts_.size()); }
  std::unique_ptr<Task> NextTask() override;

  // One candidate is done: the log-probabilities of its tokens, and under the context that it is compared with their
  // sum.
  bool Finish(ScoredCandidate candidate, double baseline) {
    candidate.logprob = Sum(candidate.token_logprobs);
    candidate.score = candidate.logprob - baseline + kWordsWeight * candidate.words;
    if (request_.per_token) candidate.score /= static_cast<double>(candidate.token_logprobs.size());
    scored_.push_back(std::move(candidate));
    if (scored_.size() < request_.candidates.size()) return true;
    ended_ = true;
    done_(Ranked());
    return true;
  }

  void Fail(const absl::Status& status) override {
    ended_ = true;
    done_(status);
  }
  bool ended() const override { return ended_; }

 private:
  // What the candidates' log-probability is compared with (idiolect/reply.h).
  Context Baseline() const {
    const Scoring s = request_.scoring;
    const bool same_user = s == Scoring::kRelevance;
    const bool same_post = s == Scoring::kPersonal || s == Scoring::kPersonalAndWords;
    return Context(same_user ? &request_.history : nullptr, same_post ? &request_.post : &no_post_);
  }

  Scores Ranked() {
    std::sort(scored_.begin(), scored_.end(), [](const ScoredCandidate& a, const ScoredCandidate& b) {
      return a.score != b.score ? a.score > b.score : a.index < b.index;
    });
    return {std::move(scored_), request_.history.revision, request_.history.exchanges.empty()};
  }

  const ServingModel& model_;
  const ScoreRequest request_;
  const std::optional<UserWords> words_;  // where the scoring counts them
  const Engine::ScoresCallback done_;
  const std::string no_post_;
  std::vector<ScoredCandidate> scored_;
  size_t next_ = 0;  // candidate to be handed out
  bool ended_ = false;
};

// Teacher forcing: the candidate's own tokens go in, whatever the distributions say; one row a context.
class ScoreTask : public Task {
 public:
  ScoreTask(std::shared_ptr<ScoreJob> job, size_t index) : job_(std::move(job)), index_(index) {}

  int rows() const override { return static_cast<int>(job_->contexts().size()); }

  void AddRows(std::vector<DecoderRow>& rows) override {
    const std::vector<Context>& contexts = job_->contexts();
    if (states_.empty()) {
      // Not before: a task is made under the scheduler's lock, and a text may be long.
      candidate_ = job_->Read(index_, ids_);
      for (const Context& context : contexts) states_.push_back(context.encoded_post->initial_state);
    }
    const int32_t previous = step_ == 0 ? kBos : ids_[step_ - 1];
    for (size_t i = 0; i < contexts.size(); ++i)
      rows.push_back({contexts[i].profile.get(), contexts[i].encoded_post.get(), previous, states_[i].data()});
  }

  bool OnStep(absl::Span<const DecoderRow> rows, absl::Span<const RowOutput> outputs,
              TokenDistribution::Workspace& workspace) override {
    const auto log_prob = [&](size_t row) {
      return TokenDistribution(rows[row], outputs[row], workspace).LogProb(ids_[step_]);
    };
    candidate_.token_logprobs.push_back(log_prob(0));
    if (rows.size() > 1) baseline_ += log_prob(1);
    return ++step_ == ids_.size() && job_->Finish(std::move(candidate_), baseline_);
  }

 private:
  const std::shared_ptr<ScoreJob> job_;
  const size_t index_;
  ScoredCandidate candidate_;
  std::vector<int32_t> ids_;
  std::vector<std::vector<float>> states_;  // one a context
  double baseline_ = 0;
  size_t step_ = 0;
};

std::unique_ptr<Task> ScoreJob::NextTask() { return std::make_unique<ScoreTask>(shared_from_this(), next_++); }

ScoredCandidate ScoreJob::Read(size_t index, std::vector<int32_t>& ids) const {
  ScoredCandidate candidate;
  candidate.index = static_cast<int>(index);
  const Tokenizer& tokenizer = model_.texts().tokenizer();
  const std::vector<int32_t> whole = tokenizer.Encode(request_.candidates[index]);
  ids = model_.texts().ResponseIds(whole);
  candidate.truncated = whole.size() >= ids.size();
  if (words_.has_value()) candidate.words = model_.word_evidence.Of(whole, *words_);
  for (const int32_t id : ids) candidate.token_texts.push_back(tokenizer.PieceText(id));
  return candidate;
}

}  // namespace

std::shared_ptr<Job> MakeScoreJob(const ServingModel& model, ScoreRequest request, std::optional<UserWords> words,
                                  Engine::ScoresCallback done, int64_t forget_count) {
  return std::make_shared<ScoreJob>(model, std::move(request), std::move(words), std::move(done), forget_count);
}

}  // namespace idiolect
