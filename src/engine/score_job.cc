#include <algorithm>
#include <numeric>

#include "engine/job.h"

namespace idiolect {
namespace {

// Log-probabilities of one candidate's tokens.
using TokenLogProbs = std::vector<double>;

double Sum(const TokenLogProbs& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

class ScoreJob : public Job {
 public:
  ScoreJob(ScoreRequest request, Engine::ScoresCallback done, int64_t forget_count)
      : Job(request.user, request.deadline, forget_count), request_(std::move(request)), done_(std::move(done)) {}

  // A slice scores one candidate, so that a long list holds up nobody's reply.
  bool RunSlice(EngineContext& context) override {
    if (scored_.empty()) {
      profile_ = ProfileOf(request_.history, context);
      if (NeedsNobody()) nobody_ = ProfileOf(History(), context);
    }
    ScoreNext(context.model);
    if (scored_.size() < request_.candidates.size()) return false;
    done_(Ranked());
    return true;
  }

  void Fail(const absl::Status& status) override { done_(status); }

 private:
  bool NeedsNobody() const { return request_.scoring == Scoring::kPersonal || request_.scoring == Scoring::kJoint; }

  TokenLogProbs Score(const DhapModel& model, const UserProfile& profile, const std::string& post,
                      const std::vector<int32_t>& ids) const {
    const at::Tensor log_probs = model.Score(ViewOf(profile), {model.PostIds(post)}, PadTokens({ids}), {})
                                     .log_probs.to(at::kDouble)
                                     .contiguous();
    return {log_probs.data_ptr<double>(), log_probs.data_ptr<double>() + log_probs.numel()};
  }

  // What the candidate's log-probability is compared with; 0 for the likelihood itself.
  double Baseline(const DhapModel& model, const std::vector<int32_t>& ids) const {
    switch (request_.scoring) {
      case Scoring::kLikelihood:
        return 0;
      case Scoring::kPersonal:
        return Sum(Score(model, *nobody_, request_.post, ids));
      case Scoring::kRelevance:
        return Sum(Score(model, *profile_, "", ids));
      case Scoring::kJoint:
        return Sum(Score(model, *nobody_, "", ids));
    }
    return 0;
  }

  void ScoreNext(const DhapModel& model) {
    ScoredCandidate candidate;
    candidate.index = static_cast<int>(scored_.size());
    const std::string& text = request_.candidates[candidate.index];
    const std::vector<int32_t> ids = model.ResponseIds(text);
    candidate.truncated = model.tokenizer().Encode(text).size() >= ids.size();
    for (int32_t id : ids) candidate.token_texts.push_back(model.tokenizer().PieceText(id));
    candidate.token_logprobs = Score(model, *profile_, request_.post, ids);
    candidate.logprob = Sum(candidate.token_logprobs);
    candidate.score = candidate.logprob - Baseline(model, ids);
    if (request_.per_token) candidate.score /= static_cast<double>(ids.size());
    scored_.push_back(std::move(candidate));
  }

  Scores Ranked() {
    std::stable_sort(scored_.begin(), scored_.end(),
                     [](const ScoredCandidate& a, const ScoredCandidate& b) { return a.score > b.score; });
    return {std::move(scored_), request_.history.revision, request_.history.exchanges.empty()};
  }

  const ScoreRequest request_;
  const Engine::ScoresCallback done_;
  std::shared_ptr<const UserProfile> profile_, nobody_;
  std::vector<ScoredCandidate> scored_;
};

}  // namespace

std::unique_ptr<Job> MakeScoreJob(ScoreRequest request, Engine::ScoresCallback done, int64_t forget_count) {
  return std::make_unique<ScoreJob>(std::move(request), std::move(done), forget_count);
}

}  // namespace idiolect
