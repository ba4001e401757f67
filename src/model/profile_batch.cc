#include "model/profile_batch.h"

namespace idiolect {
namespace {

template <typename To, typename From>
std::vector<To> Values(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.detach().contiguous();
  const From* begin = flat.data_ptr<From>();
  return {begin, begin + flat.numel()};
}

at::Tensor View(const std::vector<float>& values, at::IntArrayRef shape) {
  // ATen has no read-only tensors; nothing writes to these.
  return at::from_blob(const_cast<float*>(values.data()), shape, at::kFloat);
}

at::Tensor Indices(const std::vector<int32_t>& values) {
  at::Tensor tensor = at::empty({1, static_cast<int64_t>(values.size())}, at::kLong);
  std::copy(values.begin(), values.end(), tensor.data_ptr<int64_t>());
  return tensor;
}

}  // namespace

UserProfile ToUserProfile(const ProfileBatch& batch, int64_t row) {
  const at::Tensor pairs = batch.pair_mask[row].nonzero().view({-1}), words = batch.word_mask[row].nonzero().view({-1});
  UserProfile profile;
  profile.d = static_cast<int>(batch.general.size(1));
  profile.general = Values<float, float>(batch.general[row]);
  profile.keys = Values<float, float>(batch.keys[row].index_select(0, pairs));
  profile.values = Values<float, float>(batch.values[row].index_select(0, pairs));
  profile.word_states = Values<float, float>(batch.word_states[row].index_select(0, words));
  profile.word_ids = Values<int32_t, int64_t>(batch.word_ids[row].index_select(0, words));
  profile.word_pairs = Values<int32_t, int64_t>(batch.word_pairs[row].index_select(0, words));
  return profile;
}

ProfileBatch ViewOf(const UserProfile& profile) {
  const int64_t d = profile.d, pairs = profile.memory_size(), words = profile.word_count();
  return {
      View(profile.general, {1, d}),   View(profile.keys, {1, pairs, d}),        View(profile.values, {1, pairs, d}),
      at::ones({1, pairs}, at::kBool), View(profile.word_states, {1, words, d}), Indices(profile.word_ids),
      Indices(profile.word_pairs),     at::ones({1, words}, at::kBool)};
}

}  // namespace idiolect
