// One way of computing y = x Wᵀ + b; DenseLayer chooses among them when it packs its weights.
#pragma once

#include <cstdint>

#include "kernels/scratch.h"

namespace idiolect {

class DenseKernel {
 public:
  virtual ~DenseKernel() = default;

  // As DenseLayer's. `row_max` may be null.
  virtual void Run(const float* x, int rows, float* y, float* row_max, Scratch& scratch) const = 0;
  virtual int64_t byte_size() const = 0;
};

// The weights of a layer as they are given: rows of `inputs` floats, one an output, and a bias for each.
struct DenseWeights {
  const float* weight;
  const float* bias;
  int outputs, inputs;
};

}  // namespace idiolect
