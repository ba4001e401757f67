// From histories to implicit profiles. The history encoder is the personalised language model: one Transformer over all
// of a user's responses, led by a <cls> row whose output is the general profile. The memory encoder turns each
// historical post, alone, into a key; the value beside it is the mean of the history encoder's output over the
// response. A Speaker model has none of that: its general profile is a learnt row for the user, and all else is empty.
#pragma once

#include <vector>

#include "model/exchange_tokenizer.h"
#include "model/layers.h"
#include "model/profile_batch.h"
#include "model/transformer_encoder.h"

namespace idiolect {

class ProfileEncoder {
 public:
  ProfileEncoder(const ModelConfig& config, const Parameters& parameters);

  // The profiles of the users whose windows these are; a user without history has an empty window.
  ProfileBatch operator()(const std::vector<HistoryTokens>& windows, const Dropout& dropout) const;

 private:
  struct Layout;
  ProfileBatch OfSpeakers(const std::vector<HistoryTokens>& windows) const;
  at::Tensor EncodeHistories(const Layout& layout, const Dropout& dropout) const;
  at::Tensor EncodePosts(const std::vector<HistoryTokens>& windows, const Layout& layout, const Dropout& dropout) const;

  ModelConfig config_;
  at::Tensor token_embedding_, position_embedding_, slot_embedding_;
  at::Tensor speaker_embedding_;  // [users + 1, d], of a Speaker model only
  TransformerEncoder history_encoder_, memory_encoder_;
};

}  // namespace idiolect
