// A pre-norm Transformer encoder: x += Wo·MHA(LN1 x), x += W2·gelu(W1·LN2 x), and a final LN after the stack.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "model/layers.h"

namespace idiolect {

class TransformerEncoder {
 public:
  TransformerEncoder(const ModelConfig& config, const Parameters& parameters, const std::string& name, int layers);

  // x [B, T, d], mask [B, T], true up to each text's length. Rows outside the mask are never attended to; their own
  // output means nothing.
  at::Tensor operator()(at::Tensor x, const at::Tensor& mask, const Dropout& dropout) const;

 private:
  struct Layer {
    LayerNorm norm1, norm2;
    Linear query, key, value, output, up, down;
  };
  at::Tensor Encode(at::Tensor x, const at::Tensor& mask, const Dropout& dropout) const;
  at::Tensor Attend(const Layer& layer, const at::Tensor& x, const at::Tensor& hidden_keys,
                    const Dropout& dropout) const;
  at::Tensor SplitHeads(const at::Tensor& x) const;

  int heads_;
  std::vector<Layer> layers_;
  LayerNorm norm_;
};

}  // namespace idiolect
