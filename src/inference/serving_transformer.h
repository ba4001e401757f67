// The pre-norm Transformer encoder of docs/model.md for serving: texts of different length lie stacked in one matrix,
// so that the dense layers see them together; attention runs text by text. Each text's result depends on that text
// alone.
#pragma once

#include <string>
#include <vector>

#include "inference/weights.h"
#include "kernels/buffer.h"
#include "model/config.h"

namespace idiolect {

class ServingTransformer {
 public:
  ServingTransformer(const ModelConfig& config, const Parameters& parameters, const std::string& name, int layers,
                     Precision precision);

  // x [Σ lengths, d], advanced in place.
  void operator()(FloatMatrix& x, const std::vector<int>& lengths, Scratch& scratch) const;

 private:
  struct Layer {
    NormWeights norm1, norm2;
    DenseLayer query_key_value, output, up, down;
  };
  struct Workspace {
    FloatMatrix &normed, &wide, &attended, &scores;
  };
  void Attend(const Layer& layer, FloatMatrix& x, const std::vector<int>& lengths, Workspace& work,
              Scratch& scratch) const;
  void FeedForward(const Layer& layer, FloatMatrix& x, Workspace& work, Scratch& scratch) const;
  void Normalize(const NormWeights& norm, const FloatMatrix& x, FloatMatrix& y) const;

  int d_, heads_;
  float epsilon_;
  std::vector<Layer> layers_;
  NormWeights norm_;
};

}  // namespace idiolect
