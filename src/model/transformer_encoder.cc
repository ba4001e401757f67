#include "model/transformer_encoder.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace idiolect {
namespace {

constexpr int64_t kRowsTogether = 2048;  // enough for products at full speed

}  // namespace

TransformerEncoder::TransformerEncoder(const ModelConfig& config, const Parameters& parameters, const std::string& name,
                                       int layers)
    : heads_(config.heads), norm_(parameters, name + ".norm", config.layer_norm_epsilon) {
  for (int i = 0; i < layers; ++i) {
    const std::string layer = absl::StrCat(name, ".layers.", i, ".");
    const auto linear = [&](const char* part) { return Linear(parameters, layer + part); };
    const auto norm = [&](const char* part) { return LayerNorm(parameters, layer + part, config.layer_norm_epsilon); };
    layers_.push_back({norm("norm1"), norm("norm2"), linear("attention.query"), linear("attention.key"),
                       linear("attention.value"), linear("attention.output"), linear("feed_forward.up"),
                       linear("feed_forward.down")});
  }
}

// Texts of like length together: a processor computes what is padded as slowly as what is not, and half of a batch of
// histories is. A GPU is better off with the whole batch.
at::Tensor TransformerEncoder::operator()(at::Tensor x, const at::Tensor& mask, const Dropout& dropout) const {
  const int64_t count = x.size(0), width = x.size(1), together = std::max<int64_t>(1, kRowsTogether / width);
  if (!x.is_cpu() || count <= together) return Encode(std::move(x), mask, dropout);
  const at::Tensor lengths = mask.sum(1), order = at::argsort(lengths);
  std::vector<at::Tensor> parts;
  for (int64_t i = 0; i < count; i += together) {
    const at::Tensor texts = order.narrow(0, i, std::min(together, count - i));
    const int64_t longest = std::max<int64_t>(1, lengths.index_select(0, texts).max().item<int64_t>());
    const auto pick = [&](const at::Tensor& t) { return t.index_select(0, texts).narrow(1, 0, longest); };
    parts.push_back(at::constant_pad_nd(Encode(pick(x), pick(mask), dropout), {0, 0, 0, width - longest}));
  }
  return at::cat(parts).index_select(0, at::argsort(order));
}

at::Tensor TransformerEncoder::Encode(at::Tensor x, const at::Tensor& mask, const Dropout& dropout) const {
  const at::Tensor hidden_keys = mask.logical_not().unsqueeze(1).unsqueeze(1);  // [B, 1, 1, T]
  for (const Layer& layer : layers_) {
    x = x + dropout(layer.output(Attend(layer, layer.norm1(x), hidden_keys, dropout)));
    x = x + dropout(layer.down(at::gelu(layer.up(layer.norm2(x)))));
  }
  return norm_(x);
}

at::Tensor TransformerEncoder::Attend(const Layer& layer, const at::Tensor& x, const at::Tensor& hidden_keys,
                                      const Dropout& dropout) const {
  const at::Tensor query = SplitHeads(layer.query(x)), key = SplitHeads(layer.key(x)),
                   value = SplitHeads(layer.value(x));
  const double scale = 1.0 / std::sqrt(static_cast<double>(query.size(-1)));
  const at::Tensor scores = at::matmul(query * scale, key.transpose(-2, -1)).masked_fill(hidden_keys, -1e9);
  const at::Tensor weights = dropout(at::softmax(scores, -1));
  return at::matmul(weights, value).transpose(1, 2).reshape(x.sizes());
}

at::Tensor TransformerEncoder::SplitHeads(const at::Tensor& x) const {  // [B, T, d] → [B, heads, T, d / heads]
  return x.view({x.size(0), x.size(1), heads_, x.size(2) / heads_}).transpose(1, 2).contiguous();
}

}  // namespace idiolect
