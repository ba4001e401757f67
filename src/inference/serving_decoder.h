// The decoder for serving: one step for many rows at once, each row of whatever request. The serving form of
// CopyDecoder (model/). What a row gets does not depend, to the bit, on the rows beside it.
#pragma once

#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "inference/compact_profile.h"
#include "inference/serving_post_encoder.h"
#include "inference/weights.h"

namespace idiolect {

// A row of a step. The state is advanced in place.
struct DecoderRow {
  const CompactProfile* profile;
  const EncodedPost* post;
  int32_t previous;  // the token before: kBos at first
  float* state;      // [H]
};

// What a row knows of its next token before it is chosen.
struct RowOutput {
  float* logits = nullptr;  // [V] of the source «generate», -∞ for what is never generated; the reader's to change
  float largest_logit = 0;
  float log_gate[3] = {};            // log p of generate, copy, post; -∞ for a source that has nothing
  absl::Span<float> copy_weights;    // [M] over the profile's words
  absl::Span<float> post_weights;    // [L - 1] over the post's words; empty without post_copy
  absl::Span<float> memory_weights;  // [n]
};

class ServingDecoder {
 public:
  ServingDecoder(const ModelConfig& config, const Parameters& parameters, Precision precision);

  // The numbers of one step, in buffers that the next step uses again.
  struct Workspace {
    FloatMatrix embedded, states, gates_x, gates_h, queries, features, readout, logits;
    std::vector<float> largest;
    std::vector<float> weights;  // of all rows' places
    std::vector<RowOutput> outputs;
  };

  // Every row's next-token logits. With `logits` false only the states and the reads are computed.
  void Step(absl::Span<const DecoderRow> rows, Workspace& work, Scratch& scratch, bool logits = true) const;

  // The dynamic profile m that a row's memory weights read: [d].
  static std::vector<float> DynamicProfile(const CompactProfile& profile, absl::Span<const float> memory_weights);

 private:
  void AdvanceStates(absl::Span<const DecoderRow> rows, Workspace& work, Scratch& scratch) const;
  void Read(const DecoderRow& row, const float* queries, float* features, RowOutput& output) const;
  void Gate(const DecoderRow& row, const float* features, RowOutput& output) const;

  ModelConfig config_;
  at::Tensor token_embedding_;  // [V, d]
  DenseLayer gates_x_, gates_h_, queries_, readout_, output_;
  std::vector<float> gate_weight_, gate_bias_;  // few outputs, so plain floats
};

}  // namespace idiolect
