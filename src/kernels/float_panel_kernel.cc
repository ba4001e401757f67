#include "kernels/float_panel_kernel.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <utility>

#include "kernels/cpu.h"
#include "kernels/quantized.h"
#include "kernels/simd.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define IDIOLECT_AVX2 __attribute__((target("avx2,fma")))
#else
#define IDIOLECT_AVX2
#endif
#define IDIOLECT_AVX2_INLINE IDIOLECT_AVX2 __attribute__((always_inline)) inline

namespace idiolect {
namespace {

using simd::kLanes;
using Half = float __attribute__((vector_size(32)));
using HalfInts = uint32_t __attribute__((vector_size(32)));
using HalfShorts = uint16_t __attribute__((vector_size(16)));

constexpr int kPanelColumns = 16;  // two registers of sums a row
constexpr int kMostTileRows = 6;   // 12 registers of sums; weights and an activation need three of the other four

struct Tile {
  const std::byte* panel;
  int depth;
  const float* x;  // [rows, depth]
  const float* bias;
  float* y;
  int64_t y_stride;
  int columns;     // to be written
  float* largest;  // 16 a row: the largest y so far, by lane
};

// Eight weights as floats.
template <typename Weight>
IDIOLECT_AVX2_INLINE Half LoadWeights(const std::byte* p) {
  if constexpr (sizeof(Weight) == sizeof(float)) {
    Half v;
    std::memcpy(&v, p, sizeof v);
    return v;
  } else {
    HalfShorts upper;
    std::memcpy(&upper, p, sizeof upper);
    return (Half)(__builtin_convertvector(upper, HalfInts) << 16);
  }
}

// The sums of some rows, in registers: members and recursion, because the compiler keeps an array in memory.
template <int kRows>
struct RowSums {
  Half left = {}, right = {};
  RowSums<kRows - 1> below;
};
template <>
struct RowSums<0> {};

template <int kRows>
IDIOLECT_AVX2_INLINE void AddRows(RowSums<kRows>& sums, const float* x, int64_t x_stride, Half left, Half right) {
  if constexpr (kRows > 0) {
    sums.left += *x * left;
    sums.right += *x * right;
    AddRows<kRows - 1>(sums.below, x + x_stride, x_stride, left, right);
  }
}

IDIOLECT_AVX2_INLINE void WriteLanes(const Tile& tile, int row, const float* sums) {
  float* y = tile.y + row * tile.y_stride;
  float* largest = tile.largest + static_cast<int64_t>(row) * kLanes;
  for (int k = 0; k < tile.columns; ++k) {
    y[k] = sums[k] + tile.bias[k];
    largest[k] = y[k] > largest[k] ? y[k] : largest[k];
  }
}

template <int kRows>
IDIOLECT_AVX2_INLINE void WriteRows(const RowSums<kRows>& sums, const Tile& tile, int row) {
  if constexpr (kRows > 0) {
    float both[kPanelColumns];
    std::memcpy(both, &sums.left, sizeof sums.left);
    std::memcpy(both + kPanelColumns / 2, &sums.right, sizeof sums.right);
    WriteLanes(tile, row, both);
    WriteRows<kRows - 1>(sums.below, tile, row + 1);
  }
}

template <typename Weight, int kRows>
IDIOLECT_AVX2 void MultiplyTile(const Tile& tile) {
  constexpr int64_t kStep = kPanelColumns * sizeof(Weight);
  RowSums<kRows> sums;
  for (int i = 0; i < tile.depth; ++i) {
    const std::byte* weights = tile.panel + i * kStep;
    AddRows<kRows>(sums, tile.x + i, tile.depth, LoadWeights<Weight>(weights),
                   LoadWeights<Weight>(weights + kStep / 2));
  }
  WriteRows<kRows>(sums, tile, 0);
}

template <typename Weight, size_t... kRows>
constexpr auto TilesByRows(std::index_sequence<kRows...>) {
  return std::array{&MultiplyTile<Weight, static_cast<int>(kRows) + 1>...};
}
constexpr auto kMultiplyFloats = TilesByRows<float>(std::make_index_sequence<kMostTileRows>());
constexpr auto kMultiplyHalves = TilesByRows<uint16_t>(std::make_index_sequence<kMostTileRows>());

int DivideUp(int n, int by) { return (n + by - 1) / by; }
int64_t WeightBytes(Precision precision) {
  return precision == Precision::kBfloat16 ? sizeof(uint16_t) : sizeof(float);
}

// x rounded to bfloat16 and back, as the weights are.
void RoundToBfloat16(const float* x, int64_t n, Scratch& scratch, float* out) {
  auto* upper = static_cast<uint16_t*>(scratch.Take(Scratch::kLibrary, n * sizeof(uint16_t)));
  ToBfloat16(x, static_cast<int>(n), upper);
  for (int64_t i = 0; i < n; ++i) {
    const uint32_t bits = static_cast<uint32_t>(upper[i]) << 16;
    std::memcpy(out + i, &bits, sizeof bits);
  }
}

}  // namespace

bool FloatPanelKernel::IsPossible() { return MayUseAvx2(); }
bool FloatPanelKernel::IsBest() { return MayUseAvx2() && !MayUseAvx512(); }

FloatPanelKernel::FloatPanelKernel(const DenseWeights& weights, Precision precision)
    : outputs_(weights.outputs),
      inputs_(weights.inputs),
      panels_(DivideUp(weights.outputs, kPanelColumns)),
      precision_(precision),
      bias_(static_cast<size_t>(panels_) * kPanelColumns),
      packed_(static_cast<size_t>(panels_) * static_cast<size_t>(PanelBytes())) {
  std::copy_n(weights.bias, outputs_, bias_.begin());
  std::memset(packed_.data(), 0, packed_.size());
  for (int i = 0; i < outputs_; ++i) PackColumn(i, weights.weight + static_cast<int64_t>(i) * inputs_);
}

int64_t FloatPanelKernel::PanelBytes() const {
  return static_cast<int64_t>(inputs_) * kPanelColumns * WeightBytes(precision_);
}

void FloatPanelKernel::PackColumn(int column, const float* weights) {
  auto* panel = static_cast<std::byte*>(packed_.data()) + column / kPanelColumns * PanelBytes();
  for (int i = 0; i < inputs_; ++i) {
    const int64_t at = static_cast<int64_t>(i) * kPanelColumns + column % kPanelColumns;
    if (precision_ == Precision::kBfloat16) {
      ToBfloat16(weights + i, 1, reinterpret_cast<uint16_t*>(panel) + at);
    } else {
      reinterpret_cast<float*>(panel)[at] = weights[i];
    }
  }
}

void FloatPanelKernel::Run(const float* x, int rows, float* y, float* row_max, Scratch& scratch) const {
  const int64_t cells = static_cast<int64_t>(rows) * inputs_;
  if (precision_ == Precision::kBfloat16) {
    auto* rounded = static_cast<float*>(scratch.Take(Scratch::kInput, cells * sizeof(float)));
    RoundToBfloat16(x, cells, scratch, rounded);
    x = rounded;
  }
  auto* largest = static_cast<float*>(scratch.Take(Scratch::kOutput, rows * kLanes * sizeof(float)));
  std::fill_n(largest, static_cast<int64_t>(rows) * kLanes, -std::numeric_limits<float>::infinity());
  for (int panel = 0; panel < panels_; ++panel) RunPanel(panel, x, rows, y, largest);
  for (int row = 0; row_max != nullptr && row < rows; ++row)
    row_max[row] = *std::max_element(largest + row * kLanes, largest + (row + 1) * kLanes);
}

void FloatPanelKernel::RunPanel(int panel, const float* x, int rows, float* y, float* largest) const {
  const auto& multiply = precision_ == Precision::kBfloat16 ? kMultiplyHalves : kMultiplyFloats;
  const int first = panel * kPanelColumns, tiles = DivideUp(rows, kMostTileRows);
  int row = 0;
  for (int i = 0; i < tiles; ++i) {
    const int count = DivideUp(rows - row, tiles - i);
    multiply[count - 1]({.panel = static_cast<const std::byte*>(packed_.data()) + panel * PanelBytes(),
                         .depth = inputs_,
                         .x = x + static_cast<int64_t>(row) * inputs_,
                         .bias = bias_.data() + first,
                         .y = y + static_cast<int64_t>(row) * outputs_ + first,
                         .y_stride = outputs_,
                         .columns = std::min(kPanelColumns, outputs_ - first),
                         .largest = largest + static_cast<int64_t>(row) * kLanes});
    row += count;
  }
}

int64_t FloatPanelKernel::byte_size() const {
  return static_cast<int64_t>(packed_.size() + sizeof(float) * bias_.size());
}

}  // namespace idiolect
