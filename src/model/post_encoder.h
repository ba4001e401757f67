// The post as the user reads it: a bidirectional GRU that starts from the user's general profile.
#pragma once

#include "model/layers.h"

namespace idiolect {

// B posts. The general profile may be one for all of them or one each.
struct PostBatch {
  at::Tensor states;     // [B, L, H]  G
  at::Tensor ids;        // [B, L] int64
  at::Tensor mask;       // [B, L] bool
  at::Tensor word_mask;  // [B, L] bool: the post's words, its </s> left out
  at::Tensor summary;    // [B, H]     [→h_last ; ←h_first], from which the decoder starts
};

class PostEncoder {
 public:
  PostEncoder(const ModelConfig& config, const Parameters& parameters);

  // posts: as Tokenizer::PostIds gives them; general [B, d].
  PostBatch operator()(const std::vector<std::vector<int32_t>>& posts, const at::Tensor& general,
                       const Dropout& dropout) const;

 private:
  at::Tensor token_embedding_;
  Gru forward_, backward_;
  Linear init_forward_, init_backward_;
};

}  // namespace idiolect
