// The decoding of one reply: its rows (candidates or beams), advanced one token at a time.
//
// All rows belong to one request. Rows of different requests are never multiplied together: in float32 the order in
// which a matrix product sums depends on the number of its rows, so a stranger's request could tip a close decision.
// Decoded alone, the same request gives the same bytes whatever else the engine does.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "idiolect/reply.h"
#include "idiolect/user_profile.h"
#include "model/dhap_model.h"

namespace idiolect {

class ReplyDecoding {
 public:
  // `model` must outlive it.
  ReplyDecoding(const DhapModel& model, std::shared_ptr<const UserProfile> profile, const std::string& post,
                const DecodingOptions& options, bool explain);

  // Decodes one token for every live row. Must not be called once done().
  void Step();
  bool done() const { return live_.empty(); }
  int64_t live_rows() const { return static_cast<int64_t>(live_.size()); }

  // Text of the only candidate that no further token can change. Empty with several rows.
  std::string StableText() const;
  // The candidates, best first, once done().
  std::vector<ReplyCandidate> Candidates() const;

 private:
  struct Hypothesis {
    std::vector<int32_t> tokens;  // without </s>
    double logprob = 0;
    int candidate = 0;  // which stream of random numbers
    FinishReason finish_reason = FinishReason::kEndOfText;
    std::vector<TokenExplanation> explanation;
  };
  struct Distribution;  // of one step, for all rows
  struct Extension {    // a row and the token that goes on from it
    int64_t row;
    int32_t token;
    double logprob;
  };

  Distribution Advance();
  void AddCopies(const at::Tensor& log_mass, const at::Tensor& weights, const at::Tensor& ids, int64_t row,
                 Distribution& d) const;
  std::vector<Extension> Choose(Distribution& distribution);
  std::vector<Extension> ChooseBeams(Distribution& distribution) const;
  void Extend(const std::vector<Extension>& extensions, const Distribution& distribution);
  TokenExplanation Explain(const Distribution& distribution, const Extension& extension) const;
  double Rank(const Hypothesis& hypothesis) const;
  bool BeamsSettled() const;

  const DhapModel& model_;
  const std::shared_ptr<const UserProfile> profile_;
  const DecodingOptions options_;
  const bool explain_, beams_;
  const int max_tokens_;
  ProfileBatch profile_view_;  // of *profile_
  PostBatch post_;
  at::Tensor absent_;  // [1, sources]
  at::Tensor states_;  // [rows, H]
  std::vector<Hypothesis> live_, finished_;
  int step_ = 0;
};

}  // namespace idiolect
