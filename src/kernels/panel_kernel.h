// Int8 products by loops of our own, because the library leaves time on the table: its product waits for weights to
// arrive before it computes with them, and writes its sums to memory where they are read once more; and without AVX-512
// VNNI it multiplies bytes into 16-bit pairs that saturate. Here the next weights are fetched while the present ones
// are multiplied, sums are turned into floats in registers, and no row count is rounded up. docs/performance.md has
// both side by side.
//
// Sums are integers and exact, so a row of y depends on that row of x alone, and equals that of any other set of tiles
// up to the rounding of the last multiplication.
#pragma once

#include <vector>

#include "kernels/buffer.h"
#include "kernels/dense_kernel.h"
#include "kernels/int8_tiles.h"

namespace idiolect {

class PanelKernel : public DenseKernel {
 public:
  // Those for this processor; null where it has none of the instructions, or some that serve the library better (AMX).
  static const Int8Tiles* BestTiles();

  PanelKernel(const DenseWeights& weights, const Int8Tiles& tiles);
  void Run(const float* x, int rows, float* y, float* row_max, Scratch& scratch) const override;
  int64_t byte_size() const override;

 private:
  struct Rows;
  void PackColumn(int column, const int8_t* weights);
  float QuantizeInput(const float* x, std::byte* out) const;
  void RunPanel(int panel, const Rows& rows) const;
  int64_t RowBytes() const;    // of activations
  int64_t PanelBytes() const;  // of weights

  const Int8Tiles& tiles_;  // static
  int outputs_, inputs_;
  int depth_;  // inputs in groups
  int panels_;
  // By padded column: the factor of its integers, the bias, and what the 128 added to activations adds to its sums.
  std::vector<float> scales_, bias_;
  std::vector<int32_t> corrections_;
  Buffer packed_;  // [panel, depth, column of the panel, group] signed bytes
};

}  // namespace idiolect
