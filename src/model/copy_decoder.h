// The decoder: a GRU that, at each step, reads the post, the memory and the personal vocabulary, and then generates a
// word, copies one from the user's responses, or (models with post_copy) copies one from the post.
//
// A whole text at once, as training wants it; inference/serving_decoder.h is the form that serves, token by token.
//
//   s     = States(tokens, s_0)
//   q     = Query(s)
//   reads = Read(q, post, profile)
//   g     = Features(s, general, reads)         [c ; s ; e ; m]
//   Gate(g, …), GenerateLogProbs(g)
//
// Shapes: B rows of T steps. A profile batch of G users serves B rows when G divides B, the rows of a user adjacent; a
// post batch likewise. So targets share their history without copies.
#pragma once

#include "model/layers.h"
#include "model/post_encoder.h"
#include "model/profile_batch.h"

namespace idiolect {

class CopyDecoder {
 public:
  // The probability of given target tokens; R is the number of true places in the mask, row-major.
  struct TargetScores {
    at::Tensor log_probs;         // [R]
    at::Tensor copy_probability;  // [R]
    at::Tensor memory_weights;    // [B, T, N]
  };

  CopyDecoder(const ModelConfig& config, const Parameters& parameters);

  // Teacher forcing: the log-probability of `targets` [B, T] (ids) where `mask` is true. All on the model's device.
  TargetScores Score(const PostBatch& post, const ProfileBatch& profile, const TokenBatch& targets,
                     const Dropout& dropout) const;

 private:
  struct Queries {
    at::Tensor post;          // [B, T, H]
    at::Tensor memory, copy;  // [B, T, d]
  };
  struct Reads {
    at::Tensor context;         // [B, T, H]  c, the post as it matters now
    at::Tensor dynamic;         // [B, T, d]  m, the dynamic profile
    at::Tensor post_weights;    // [B, T, L]  over the post's words alone, for copying; [B, T, 0] without post_copy
    at::Tensor memory_weights;  // [B, T, N]
    at::Tensor copy_weights;    // [B, T, M]
  };
  at::Tensor InitialState(const PostBatch& post, const at::Tensor& general) const;  // [B, H]
  at::Tensor States(const at::Tensor& tokens, const at::Tensor& state,
                    const Dropout& dropout) const;  // [B, T] → [B, T, H]
  Queries Query(const at::Tensor& states) const;
  Reads Read(const Queries& queries, const PostBatch& post, const ProfileBatch& profile) const;
  at::Tensor Features(const at::Tensor& states, const at::Tensor& general,
                      const Reads& reads) const;  // [B, T, 2H + 2d]

  // log p of the sources generate, copy and (with post_copy) post. `absent` is bool, broadcastable to the result
  // [.., sources], true where a source has nothing; AbsentSources makes it.
  at::Tensor Gate(const at::Tensor& features, const at::Tensor& absent) const;
  at::Tensor AbsentSources(const PostBatch& post, const ProfileBatch& profile, int64_t rows) const;  // [rows, sources]
  // log P_generate over the vocabulary, [.., V]; <pad>, <s> and <cls> have none.
  at::Tensor GenerateLogProbs(const at::Tensor& features, const Dropout& dropout) const;

  ModelConfig config_;
  at::Tensor token_embedding_, output_weight_, output_bias_;
  at::Tensor impossible_;  // [V] 0, and -∞ for the ids that are never generated
  Gru gru_;
  Linear bridge_, post_query_, memory_query_, copy_query_, readout_, gate_;
};

}  // namespace idiolect
