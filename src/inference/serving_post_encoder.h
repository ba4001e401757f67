// Posts as their users read them, several at once: the serving form of PostEncoder (model/). A post's encoding does not
// depend, to the bit, on the posts beside it.
#pragma once

#include <memory>
#include <vector>

#include "inference/compact_profile.h"
#include "inference/weights.h"
#include "kernels/buffer.h"
#include "model/config.h"

namespace idiolect {

// A post and the decoder's first state for it.
struct EncodedPost {
  std::vector<int32_t> ids;          // [L], </s> last
  FloatMatrix states;                // [L, H]  G
  std::vector<float> initial_state;  // [H]     s_0
  int length() const { return static_cast<int>(ids.size()); }
  int word_count() const { return length() - 1; }  // </s> is no word
};

struct PostInput {
  std::vector<int32_t> ids;  // as Tokenizer::PostIds gives them
  const CompactProfile* profile;
};

class ServingPostEncoder {
 public:
  ServingPostEncoder(const ModelConfig& config, const Parameters& parameters, Precision precision);

  std::vector<std::shared_ptr<const EncodedPost>> operator()(const std::vector<PostInput>& posts,
                                                             Scratch& scratch) const;

 private:
  struct Direction {
    DenseLayer init, state;  // tanh(init e), and the state's part of the gates
    bool backward;
  };
  void Run(const Direction& direction, const std::vector<EncodedPost*>& posts, const FloatMatrix& general,
           const FloatMatrix& gates, const std::vector<int>& first_rows, FloatMatrix& ends, Scratch& scratch) const;

  int hidden_;                  // H
  at::Tensor token_embedding_;  // [V, d]
  DenseLayer input_;            // the tokens' part of both directions' gates
  std::vector<Direction> directions_;
  DenseLayer bridge_;
};

}  // namespace idiolect
