// What the served model, in float32, thinks of responses and says itself: the form that measuring wants, with each
// profile built once and whatever shares a step computed together. Not thread-safe: one a thread; the model is shared.
#pragma once

#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "engine/reply_decoding.h"
#include "eval/unigram_cache.h"
#include "idiolect/reply.h"
#include "inference/serving_model.h"

namespace idiolect {

using ProfilePtr = std::shared_ptr<const CompactProfile>;

// All of it must outlive the call that scores it.
struct ScoreItem {
  const CompactProfile* profile;
  const std::vector<int32_t>*post, *response;  // as ExchangeTokenizer gives them
};

class Scorer {
 public:
  // `model` must outlive it.
  explicit Scorer(const ServingModel& model);

  // One profile for each window. Pairs are numbered 1, 2, … from the oldest in CompactProfile::pair_sequences.
  std::vector<ProfilePtr> Profiles(const std::vector<HistoryTokens>& windows);
  // log P of each whole response, </s> included, in nats.
  std::vector<double> LogProbs(absl::Span<const ScoreItem> items);
  // log P of each token, one list an item.
  std::vector<std::vector<double>> TokenLogProbs(absl::Span<const ScoreItem> items);
  // The best reply, explained; `nobody` is the profile of no history.
  ReplyCandidate Reply(const ProfilePtr& profile, const std::vector<int32_t>& post, const ProfilePtr& nobody,
                       const DecodingOptions& options);
  // The greedy reply of the model without a profile, mixed with `cache`: token ids without </s>.
  std::vector<int32_t> ReplyWithCache(const ProfilePtr& nobody, const std::vector<int32_t>& post,
                                      const UnigramCache& cache);

 private:
  void ScoreChunk(absl::Span<const ScoreItem> items, absl::Span<std::vector<double>> log_probs);
  int32_t MostProbable(const DecoderRow& row, const UnigramCache& cache);
  ReplyCondition Condition(const ProfilePtr& profile, const std::vector<int32_t>& post);

  const ServingModel& model_;
  Scratch scratch_;
  ServingDecoder::Workspace work_;
  TokenDistribution::Workspace distribution_;
};

}  // namespace idiolect
