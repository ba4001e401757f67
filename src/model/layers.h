// The building blocks that the encoders and the decoder share. Each holds its weights by reference to the model's
// Parameters and is a pure function of its input: the same code serves with and trains through autograd.
// Shapes are given as [B, T, d]: batch, positions, width. Masks are bool, true where something is.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "model/parameters.h"

namespace idiolect {

// Dropout in training, the identity when serving.
struct Dropout {
  double rate = 0;          // [0, 1): probability that a value is dropped; 0 when serving
  at::Generator generator;  // of the device; one draw a call. Undefined when serving. Copies share it
  at::Tensor operator()(const at::Tensor& x) const;
};

// The rows of `table` [V, d] for ids of any shape: [.., d].
at::Tensor Embed(const at::Tensor& table, const at::Tensor& ids);

struct Linear {
  Linear(const Parameters& parameters, const std::string& name);
  at::Tensor operator()(const at::Tensor& x) const { return at::linear(x, weight, bias); }
  at::Tensor weight, bias;  // [out, in], [out]
};

struct LayerNorm {
  LayerNorm(const Parameters& parameters, const std::string& name, double epsilon);
  at::Tensor operator()(const at::Tensor& x) const { return at::layer_norm(x, weight.sizes(), weight, bias, epsilon); }
  at::Tensor weight, bias;  // [d]
  double epsilon;
};

// A GRU in PyTorch's form, gates in the order r, z, n.
struct Gru {
  Gru(const Parameters& parameters, const std::string& name);
  // A whole sequence from its first state: x [B, T, d], h [B, hidden] → the states [B, T, hidden].
  at::Tensor Sequence(const at::Tensor& x, at::Tensor h) const;
  at::Tensor weight_ih, weight_hh, bias_ih, bias_hh;

 private:
  at::Tensor SequenceByLibrary(const at::Tensor& x, const at::Tensor& h) const;
  at::Tensor Advance(const at::Tensor& gates_x, const at::Tensor& h) const;
};

// softmax over the last dimension of the places where `mask` is true, exactly 0 elsewhere; all 0 where no place is.
at::Tensor MaskedSoftmax(const at::Tensor& scores, const at::Tensor& mask);

// Texts of different length side by side.
struct TokenBatch {
  at::Tensor ids;      // [B, L] int64, kPad behind the end
  at::Tensor mask;     // [B, L] bool
  at::Tensor lengths;  // [B] int64
  int64_t batch_size() const { return ids.size(0); }
  int64_t width() const { return ids.size(1); }
  TokenBatch To(at::Device device) const { return {ids.to(device), mask.to(device), lengths.to(device)}; }
};
// In the processor's memory, as is LongTensor's.
TokenBatch PadTokens(const std::vector<std::vector<int32_t>>& texts);

// int64 values as a tensor of the given shape; the product of the shape is their number.
at::Tensor LongTensor(const std::vector<int64_t>& values, at::IntArrayRef shape);

}  // namespace idiolect
