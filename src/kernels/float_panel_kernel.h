// float32 and bf16 products for processors with AVX2 and without AVX-512. oneDNN has no bf16 there, and its float32
// kernels sum a row in an order that depends on how many rows there are, which would let strangers tip a close
// decision. Here every sum runs over the inputs in their order. bf16 means the values; the arithmetic is float32.
#pragma once

#include <vector>

#include "idiolect/precision.h"
#include "kernels/buffer.h"
#include "kernels/dense_kernel.h"

namespace idiolect {

class FloatPanelKernel : public DenseKernel {
 public:
  static bool IsPossible();  // AVX2 and FMA
  static bool IsBest();      // and no AVX-512

  FloatPanelKernel(const DenseWeights& weights, Precision precision);  // kFloat32 or kBfloat16; IsPossible()
  void Run(const float* x, int rows, float* y, float* row_max, Scratch& scratch) const override;
  int64_t byte_size() const override;

 private:
  void PackColumn(int column, const float* weights);
  void RunPanel(int panel, const float* x, int rows, float* y, float* largest) const;
  int64_t PanelBytes() const;

  int outputs_, inputs_, panels_;
  Precision precision_;
  std::vector<float> bias_;  // by padded column
  Buffer packed_;            // [panel, input, column of the panel], floats or their upper halves
};

}  // namespace idiolect
