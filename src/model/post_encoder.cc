#include "model/post_encoder.h"

namespace idiolect {
namespace {

// For each text of the batch the index of its tokens from the last to the first; the padding stays behind them. It is
// its own inverse: applied to states computed in reverse, it brings them back into reading order.
at::Tensor ReversedIndex(const TokenBatch& batch) {
  const at::Tensor place =
      at::arange(batch.width(), batch.ids.options()).unsqueeze(0).expand({batch.batch_size(), batch.width()});
  return at::where(batch.mask, batch.lengths.unsqueeze(1) - 1 - place, place);
}

at::Tensor Reorder(const at::Tensor& states, const at::Tensor& index) {  // [B, L, h] by [B, L]
  return states.gather(1, index.unsqueeze(-1).expand(states.sizes()));
}

}  // namespace

PostEncoder::PostEncoder(const ModelConfig& config, const Parameters& parameters)
    : token_embedding_(parameters.at("token_embedding.weight")),
      forward_(parameters, "post_encoder.forward"),
      backward_(parameters, "post_encoder.backward"),
      init_forward_(parameters, "post_encoder.init_forward"),
      init_backward_(parameters, "post_encoder.init_backward") {}

PostBatch PostEncoder::operator()(const std::vector<std::vector<int32_t>>& posts, const at::Tensor& general,
                                  const Dropout& dropout) const {
  const TokenBatch batch = PadTokens(posts).To(token_embedding_.device());
  const at::Tensor reversed = ReversedIndex(batch);
  const auto embed = [&](const at::Tensor& ids) { return dropout(Embed(token_embedding_, ids)); };
  const at::Tensor forward = forward_.Sequence(embed(batch.ids), at::tanh(init_forward_(general)));
  const at::Tensor backward =
      backward_.Sequence(embed(batch.ids.gather(1, reversed)), at::tanh(init_backward_(general)));
  const at::Tensor last = (batch.lengths - 1).view({-1, 1, 1}).expand({-1, 1, forward.size(2)});
  PostBatch out;
  out.states = dropout(at::cat({forward, Reorder(backward, reversed)}, -1));
  out.summary = at::cat({forward.gather(1, last).squeeze(1), backward.gather(1, last).squeeze(1)}, -1);
  out.ids = batch.ids;
  out.mask = batch.mask;
  out.word_mask = at::arange(batch.width(), batch.ids.options()).unsqueeze(0) < (batch.lengths - 1).unsqueeze(1);
  return out;
}

}  // namespace idiolect
