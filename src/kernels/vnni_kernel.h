// Int8 products for processors with AVX-512 VNNI, because the library leaves time on the table there: its product waits
// for weights to arrive before it computes with them, and writes its sums to memory where they are read once more. Here
// the next weights are fetched while the present ones are multiplied, sums are turned into floats in registers, and no
// row count is rounded up. docs/performance.md has both side by side.
//
// Sums are integers and exact, so a row of y depends on that row of x alone, and equals BlockedKernel's up to the
// rounding of the last multiplication.
#pragma once

#include <vector>

#include "kernels/buffer.h"
#include "kernels/dense_kernel.h"

namespace idiolect {

class VnniKernel : public DenseKernel {
 public:
  // Whether the processor has the instructions, and none that serve the library better (AMX).
  static bool IsBest();
  static bool IsPossible();

  explicit VnniKernel(const DenseWeights& weights);  // IsPossible()
  void Run(const float* x, int rows, float* y, float* row_max, Scratch& scratch) const override;
  int64_t byte_size() const override;

 private:
  struct Rows;
  void PackColumn(int column, const int8_t* weights);
  void RunPanel(int panel, const Rows& rows) const;

  int outputs_, inputs_;
  int depth_;   // inputs in fours
  int panels_;  // of 32 columns
  // By padded column: the factor of its integers, the bias, and what the 128 added to activations adds to its sums.
  std::vector<float> scales_, bias_;
  std::vector<int32_t> corrections_;
  Buffer packed_;  // [panel, depth, column of the panel, 4] signed bytes
};

}  // namespace idiolect
