// The decoding of one reply: its hypotheses (candidates or beams), a row of the batch each, advanced one token at a
// time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "engine/token_distribution.h"
#include "idiolect/reply.h"
#include "inference/serving_model.h"

namespace idiolect {

// Whom a reply is decoded for, and the post as they read it.
struct ReplyCondition {
  std::shared_ptr<const CompactProfile> profile;
  std::shared_ptr<const EncodedPost> post;
};

class ReplyDecoding {
 public:
  // `model` must outlive it. `anybody`, nobody's profile and the empty post, is used with options.guidance alone.
  ReplyDecoding(const ServingModel& model, ReplyCondition own, ReplyCondition anybody, const DecodingOptions& options,
                bool explain);

  // Adds a row for each hypothesis that goes on, and with guidance behind it one for what anybody would say.
  void AddRows(std::vector<DecoderRow>& rows);
  // Chooses the next token of each, from what the step made of those rows.
  void OnStep(absl::Span<const DecoderRow> rows, absl::Span<const RowOutput> outputs,
              TokenDistribution::Workspace& workspace);

  bool done() const { return live_.empty(); }
  // Text of the only candidate that no further token can change. Empty with several rows.
  std::string StableText() const;
  // The candidates, best first, once done().
  std::vector<ReplyCandidate> Candidates() const;
  // Of the best of them, the tokens with a probability above 0.5 of being copied from the history.
  int CopiedTokens() const { return Ranked()[0]->copied; }

 private:
  struct Hypothesis {
    std::vector<float> state;          // [H]
    std::vector<float> anybody_state;  // [H] with guidance
    std::vector<int32_t> tokens;       // without </s>
    double logprob = 0;
    int copied = 0;     // tokens that the gate would rather copy from the history than anything else
    int candidate = 0;  // which stream of random numbers
    FinishReason finish_reason = FinishReason::kEndOfText;
    std::vector<TokenExplanation> explanation;
  };
  struct Extension {  // a hypothesis and the token that goes on from it
    size_t hypothesis;
    int32_t token;
    double logprob;
    bool copied;
    TokenExplanation explanation;
  };

  // The extensions of one hypothesis. Its rows begin at `first`.
  void AddExtensions(size_t hypothesis, size_t first, absl::Span<const DecoderRow> rows,
                     absl::Span<const RowOutput> outputs, TokenDistribution::Workspace& workspace,
                     std::vector<Extension>& extensions) const;
  void ForbidRepeatedNgrams(const std::vector<int32_t>& tokens, TokenDistribution& distribution) const;
  std::vector<int32_t> ChooseTokens(const Hypothesis& hypothesis, TokenDistribution& distribution) const;
  void KeepBestBeams(std::vector<Extension>& extensions) const;
  void Extend(const std::vector<Extension>& extensions);
  TokenExplanation Explain(const RowOutput& output, int32_t token, double logprob) const;
  double Rank(const Hypothesis& hypothesis) const;
  std::vector<const Hypothesis*> Ranked() const;  // those of Candidates
  bool BeamsSettled() const;

  const ServingModel& model_;
  const ReplyCondition own_, anybody_;
  const DecodingOptions options_;
  const std::vector<Lift> lifts_;  // with word guidance
  const bool explain_, beams_, guided_;
  const int max_tokens_;
  std::vector<Hypothesis> live_, finished_;
  int step_ = 0;
};

}  // namespace idiolect
