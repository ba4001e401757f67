// The implicit profiles of a batch of users as tensors: what the encoder gives and the decoder reads.
#pragma once

#include <ATen/ATen.h>

namespace idiolect {

// B users, N the most pairs any of them has, M the most words. Masks are true where a pair or word exists.
struct ProfileBatch {
  at::Tensor general;      // [B, d]
  at::Tensor keys;         // [B, N, d]
  at::Tensor values;       // [B, N, d]
  at::Tensor pair_mask;    // [B, N] bool
  at::Tensor word_states;  // [B, M, d]
  at::Tensor word_ids;     // [B, M] int64
  at::Tensor word_mask;    // [B, M] bool

  int64_t batch_size() const { return general.size(0); }
};

}  // namespace idiolect
