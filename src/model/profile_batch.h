// The implicit profiles of a batch of users as tensors: what the encoder gives and the decoder reads.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "idiolect/user_profile.h"

namespace idiolect {

// B users, N the most pairs any of them has, M the most words. Masks are true where a pair or word exists.
struct ProfileBatch {
  at::Tensor general;      // [B, d]
  at::Tensor keys;         // [B, N, d]
  at::Tensor values;       // [B, N, d]
  at::Tensor pair_mask;    // [B, N] bool
  at::Tensor word_states;  // [B, M, d]
  at::Tensor word_ids;     // [B, M] int64
  at::Tensor word_pairs;   // [B, M] int64, the pair of the window that a word comes from, 0 the oldest
  at::Tensor word_mask;    // [B, M] bool

  int64_t batch_size() const { return general.size(0); }
};

// One user of a batch as plain numbers, without padding. Epoch, revision and sequences are the caller's to fill in.
UserProfile ToUserProfile(const ProfileBatch& batch, int64_t row);

// A batch of one whose tensors are views of `profile`, which must outlive it.
ProfileBatch ViewOf(const UserProfile& profile);

}  // namespace idiolect
