#include "model/layers.h"

#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <random>

namespace idiolect {

namespace {

// 0 with probability `rate`, else 1 / (1 - rate). ATen's own dropout draws one Mersenne twister number a value and took
// a tenth of a training step; 32 independent xorshift generators in a row are a loop that the compiler vectorizes.
at::Tensor DropoutMask(at::IntArrayRef sizes, double rate, at::Generator generator) {
  constexpr int kLanes = 32;
  std::mt19937 seeds(static_cast<uint32_t>(at::check_generator<at::CPUGeneratorImpl>(generator)->random64()));
  uint32_t state[kLanes];
  for (uint32_t& s : state) s = seeds() | 1u;  // xorshift never leaves 0
  at::Tensor mask = at::empty(sizes, at::kFloat);
  const auto threshold = static_cast<uint32_t>(rate * 4294967296.0);
  const float kept = static_cast<float>(1.0 / (1.0 - rate));
  float* out = mask.data_ptr<float>();
  const int64_t count = mask.numel();
  for (int64_t i = 0; i < count; i += kLanes) {
    float block[kLanes];
    for (int k = 0; k < kLanes; ++k) {
      uint32_t s = state[k];
      s ^= s << 13;
      s ^= s >> 17;
      s ^= s << 5;
      state[k] = s;
      block[k] = s < threshold ? 0.0f : kept;
    }
    std::copy(block, block + std::min<int64_t>(kLanes, count - i), out + i);
  }
  return mask;
}

}  // namespace

at::Tensor Dropout::operator()(const at::Tensor& x) const {
  if (rate == 0) return x;
  if (x.is_cpu()) return x * DropoutMask(x.sizes(), rate, generator);
  return at::dropout(x, rate, /*train=*/true);  // draws from the device's default generator
}

at::Tensor Embed(const at::Tensor& table, const at::Tensor& ids) {
  if (table.is_cpu()) return at::embedding(table, ids);
  // On a GPU the gradient of at::embedding adds up the places of one id one after the other, and most are padding;
  // index_select's adds them all at once.
  std::vector<int64_t> shape = ids.sizes().vec();
  shape.push_back(table.size(1));
  return table.index_select(0, ids.reshape({-1})).view(shape);
}

Linear::Linear(const Parameters& parameters, const std::string& name)
    : weight(parameters.at(name + ".weight")), bias(parameters.at(name + ".bias")) {}

LayerNorm::LayerNorm(const Parameters& parameters, const std::string& name, double epsilon)
    : weight(parameters.at(name + ".weight")), bias(parameters.at(name + ".bias")), epsilon(epsilon) {}

Gru::Gru(const Parameters& parameters, const std::string& name)
    : weight_ih(parameters.at(name + ".weight_ih")),
      weight_hh(parameters.at(name + ".weight_hh")),
      bias_ih(parameters.at(name + ".bias_ih")),
      bias_hh(parameters.at(name + ".bias_hh")) {}

at::Tensor Gru::Advance(const at::Tensor& gates_x, const at::Tensor& h) const {
  const int64_t hidden = h.size(-1);
  const at::Tensor gates_h = at::addmm(bias_hh, h, weight_hh.t());
  const at::Tensor rz = at::sigmoid(gates_x.narrow(-1, 0, 2 * hidden) + gates_h.narrow(-1, 0, 2 * hidden));
  const at::Tensor r = rz.narrow(-1, 0, hidden), z = rz.narrow(-1, hidden, hidden);
  const at::Tensor n =
      at::tanh(at::addcmul(gates_x.narrow(-1, 2 * hidden, hidden), r, gates_h.narrow(-1, 2 * hidden, hidden)));
  return at::lerp(n, h, z);  // n + z (h - n) = (1 - z) n + z h
}

// A GPU waits for a launch longer than for a step's arithmetic, so there the whole sequence is one call of its library.
at::Tensor Gru::SequenceByLibrary(const at::Tensor& x, const at::Tensor& h) const {
  const std::vector<at::Tensor> weights = {weight_ih, weight_hh, bias_ih, bias_hh};
  return std::get<0>(at::gru(x, h.unsqueeze(0), weights, /*has_biases=*/true, /*num_layers=*/1, /*dropout=*/0.0,
                             /*train=*/c10::GradMode::is_enabled(), /*bidirectional=*/false, /*batch_first=*/true));
}

at::Tensor Gru::Sequence(const at::Tensor& x, at::Tensor h) const {
  if (!x.is_cpu()) return SequenceByLibrary(x, h.expand({x.size(0), h.size(1)}).contiguous());
  const at::Tensor gates_x =
      at::linear(x.transpose(0, 1).contiguous(), weight_ih, bias_ih);  // time first: a step is contiguous
  std::vector<at::Tensor> states;
  states.reserve(x.size(1));
  for (const at::Tensor& gates : gates_x.unbind(0)) states.push_back(h = Advance(gates, h));
  return at::stack(states, 1);
}

at::Tensor MaskedSoftmax(const at::Tensor& scores, const at::Tensor& mask) {
  if (scores.size(-1) == 0) return scores;
  // A large finite number, not -∞: a row without any place must stay a number, and the product then makes it 0.
  return at::softmax(scores.masked_fill(mask.logical_not(), -1e9), -1) * mask;
}

at::Tensor LongTensor(const std::vector<int64_t>& values, at::IntArrayRef shape) {
  at::Tensor tensor = at::empty(shape, at::kLong);
  std::copy(values.begin(), values.end(), tensor.data_ptr<int64_t>());
  return tensor;
}

TokenBatch PadTokens(const std::vector<std::vector<int32_t>>& texts) {
  size_t width = 0;
  std::vector<int64_t> lengths;
  for (const auto& text : texts) {
    width = std::max(width, text.size());
    lengths.push_back(static_cast<int64_t>(text.size()));
  }
  const auto rows = static_cast<int64_t>(texts.size()), columns = static_cast<int64_t>(width);
  TokenBatch batch{at::zeros({rows, columns}, at::kLong), at::Tensor(), LongTensor(lengths, {rows})};
  for (int64_t b = 0; b < rows; ++b)
    std::copy(texts[b].begin(), texts[b].end(), batch.ids.data_ptr<int64_t>() + b * columns);
  batch.mask = at::arange(columns, at::kLong).unsqueeze(0) < batch.lengths.unsqueeze(1);
  return batch;
}

}  // namespace idiolect
