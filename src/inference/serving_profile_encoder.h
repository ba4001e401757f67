// From histories to compact profiles, several users' at once: the serving form of ProfileEncoder (model/). A user's
// profile does not depend, to the bit, on whose profiles are built beside it, nor on what was kept of an earlier one.
#pragma once

#include <memory>
#include <vector>

#include "inference/compact_profile.h"
#include "inference/serving_transformer.h"
#include "model/profile_encoder.h"

namespace idiolect {

// One user's window, and what an earlier profile of theirs has of it already.
struct ProfileInput {
  HistoryTokens tokens;
  int64_t epoch = 0, revision = 0;
  std::vector<int64_t> pair_sequences;             // of the window's pairs; empty for nobody's history
  std::shared_ptr<const CompactProfile> previous;  // of the same epoch, or null; its keys are taken over
};

class ServingProfileEncoder {
 public:
  ServingProfileEncoder(const ModelConfig& config, const Parameters& parameters, Precision precision);

  std::vector<std::shared_ptr<const CompactProfile>> operator()(const std::vector<ProfileInput>& users,
                                                                Scratch& scratch) const;

 private:
  // A Speaker model's row of a user.
  void FillFromSpeaker(int32_t speaker, CompactProfile& profile) const;
  void EmbedToken(int32_t id, int position, float* row) const;
  // One of the scratch's own matrices.
  const FloatMatrix& EncodeHistories(const std::vector<ProfileInput>& users, std::vector<int>& lengths,
                                     Scratch& scratch) const;
  static void FillWords(const HistoryTokens& tokens, CompactProfile& profile);
  void FillFromHistory(const HistoryTokens& tokens, const float* rows, CompactProfile& profile) const;
  void FillKeys(const std::vector<ProfileInput>& users, std::vector<std::shared_ptr<CompactProfile>>& profiles,
                Scratch& scratch) const;

  ModelConfig config_;
  Precision precision_;
  at::Tensor token_embedding_;  // [V, d], shared with the loaded model
  std::vector<float> position_embedding_, slot_embedding_;
  at::Tensor speaker_embedding_;  // [users + 1, d], of a Speaker model only; shared, too
  ServingTransformer history_encoder_, memory_encoder_;
};

}  // namespace idiolect
