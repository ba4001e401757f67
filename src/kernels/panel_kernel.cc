#include "kernels/panel_kernel.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "kernels/cpu.h"
#include "kernels/quantized.h"

namespace idiolect {
namespace {

constexpr int kLanes = 16;  // of Int8Tile::largest
constexpr int kLimit = 127;

int DivideUp(int n, int by) { return (n + by - 1) / by; }

}  // namespace

// The rows of one call, as integers, in tiles of nearly equal height.
struct PanelKernel::Rows {
  const std::byte* x;
  int count;
  const float* scales;
  float* y;
  float* largest;
};

const Int8Tiles* PanelKernel::BestTiles() {
  if (MayUseAmx()) return nullptr;
  const Int8Tiles* vnni = VnniTiles();
  return vnni != nullptr ? vnni : Avx2Tiles();
}

PanelKernel::PanelKernel(const DenseWeights& weights, const Int8Tiles& tiles)
    : tiles_(tiles),
      outputs_(weights.outputs),
      inputs_(weights.inputs),
      depth_(DivideUp(weights.inputs, tiles.group)),
      panels_(DivideUp(weights.outputs, tiles.columns)),
      packed_(static_cast<size_t>(panels_) * static_cast<size_t>(PanelBytes())) {
  const size_t columns = static_cast<size_t>(panels_) * tiles.columns;
  scales_.assign(columns, 0);
  bias_.assign(columns, 0);
  corrections_.assign(columns, 0);
  std::copy_n(weights.bias, outputs_, bias_.begin());
  std::memset(packed_.data(), 0, packed_.size());
  std::vector<int8_t> column(inputs_);
  for (int i = 0; i < outputs_; ++i) {
    scales_[i] = QuantizeRow(weights.weight + static_cast<int64_t>(i) * inputs_, inputs_, column.data());
    PackColumn(i, column.data());
  }
}

int64_t PanelKernel::RowBytes() const {
  return static_cast<int64_t>(depth_) * tiles_.group * (tiles_.wide ? sizeof(int16_t) : sizeof(int8_t));
}

int64_t PanelKernel::PanelBytes() const { return static_cast<int64_t>(depth_) * tiles_.columns * tiles_.group; }

void PanelKernel::PackColumn(int column, const int8_t* weights) {
  const int group = tiles_.group, columns = tiles_.columns;
  auto* panel = static_cast<int8_t*>(packed_.data()) + column / columns * PanelBytes() +
                static_cast<int64_t>(column % columns) * group;
  for (int i = 0; i < inputs_; ++i) {
    panel[static_cast<int64_t>(i / group) * columns * group + i % group] = weights[i];
    if (!tiles_.wide) corrections_[column] += (kLimit + 1) * weights[i];
  }
}

float PanelKernel::QuantizeInput(const float* x, std::byte* out) const {
  if (!tiles_.wide) return QuantizeActivations(x, inputs_, kLimit, reinterpret_cast<uint8_t*>(out));
  auto* integers = reinterpret_cast<int16_t*>(out);
  std::fill(integers + inputs_, integers + static_cast<int64_t>(depth_) * tiles_.group, int16_t{0});
  return QuantizeRow16(x, inputs_, kLimit, integers);
}

void PanelKernel::Run(const float* x, int rows, float* y, float* row_max, Scratch& scratch) const {
  auto* input = static_cast<std::byte*>(scratch.Take(Scratch::kInput, rows * RowBytes()));
  auto* largest = static_cast<float*>(scratch.Take(Scratch::kOutput, rows * (kLanes + 1) * sizeof(float)));
  float* row_scales = largest + static_cast<int64_t>(rows) * kLanes;
  std::fill_n(largest, static_cast<int64_t>(rows) * kLanes, -std::numeric_limits<float>::infinity());
  for (int row = 0; row < rows; ++row)
    row_scales[row] = QuantizeInput(x + static_cast<int64_t>(row) * inputs_, input + row * RowBytes());
  for (int panel = 0; panel < panels_; ++panel)
    RunPanel(panel, {.x = input, .count = rows, .scales = row_scales, .y = y, .largest = largest});
  for (int row = 0; row_max != nullptr && row < rows; ++row)
    row_max[row] = *std::max_element(largest + row * kLanes, largest + (row + 1) * kLanes);
}

void PanelKernel::RunPanel(int panel, const Rows& rows) const {
  const int first = panel * tiles_.columns;
  const int8_t* weights = static_cast<const int8_t*>(packed_.data()) + panel * PanelBytes();
  const int8_t* next = panel + 1 < panels_ ? weights + PanelBytes() : weights;
  const int tiles = DivideUp(rows.count, tiles_.most_rows);
  int row = 0;
  for (int i = 0; i < tiles; ++i) {
    const int count = DivideUp(rows.count - row, tiles - i);
    // The last tile fetches the second half of the next panel, the one before it the first: weights arrive at an even
    // pace. Others fetch what they have.
    tiles_.multiply[count - 1](
        {.panel = weights,
         .depth = depth_,
         .x = rows.x + row * RowBytes(),
         .x_stride = RowBytes(),
         .fetch = {i == std::max(tiles - 2, 0) ? next : weights, i == tiles - 1 ? next + PanelBytes() / 2 : weights},
         .scales = scales_.data() + first,
         .bias = bias_.data() + first,
         .corrections = corrections_.data() + first,
         .row_scales = rows.scales + row,
         .y = rows.y + static_cast<int64_t>(row) * outputs_ + first,
         .y_stride = outputs_,
         .columns = std::min(tiles_.columns, outputs_ - first),
         .largest = rows.largest + static_cast<int64_t>(row) * kLanes});
    row += count;
  }
}

int64_t PanelKernel::byte_size() const {
  return static_cast<int64_t>(packed_.size() + sizeof(float) * (scales_.size() + bias_.size() + corrections_.size()));
}

}  // namespace idiolect
