#include "kernels/vnni_kernel.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <utility>

#include "kernels/quantized.h"
#include "kernels/simd.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define IDIOLECT_VNNI __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
#define IDIOLECT_VNNI_INLINE IDIOLECT_VNNI __attribute__((always_inline)) inline
#endif

namespace idiolect {
namespace {

using simd::Floats;
using simd::Ints;
using simd::kLanes;

constexpr int kPanelColumns = 32;  // two registers of sums a row
constexpr int kPanelBytes = 4 * kPanelColumns;
constexpr int kMostTileRows = 12;  // 24 registers of sums; weights and an activation need three of the other eight

// What one tile (some rows × a panel's columns) reads and writes.
struct Tile {
  const int8_t* panel;
  int depth;
  const uint8_t* x;  // bytes, a row each `x_stride`
  int64_t x_stride;
  const int8_t* fetch[2];  // weights of the next panel, a line of each in every step of the depth
  const float* scales;     // by column, as are these two
  const float* bias;
  const int32_t* corrections;
  const float* row_scales;
  float* y;
  int64_t y_stride;
  int columns;     // to be written: 32, or what is left of the layer
  float* largest;  // 16 a row: the largest y so far, by lane
};

#ifdef IDIOLECT_VNNI

IDIOLECT_VNNI_INLINE void WriteLanes(const Tile& tile, int row, int first, Ints sums) {
  const int count = std::min(kLanes, tile.columns - first);
  if (count <= 0) return;
  const Ints exact = sums - simd::LoadInts(tile.corrections + first);
  const Floats v = __builtin_convertvector(exact, Floats) * (simd::Load(tile.scales + first) * tile.row_scales[row]) +
                   simd::Load(tile.bias + first);
  const auto present = static_cast<__mmask16>((1u << count) - 1);
  _mm512_mask_storeu_ps(tile.y + row * tile.y_stride + first, present, reinterpret_cast<__m512>(v));
  float* largest = tile.largest + static_cast<int64_t>(row) * kLanes;
  const auto before = reinterpret_cast<__m512>(simd::Load(largest));
  simd::Store(largest,
              reinterpret_cast<Floats>(_mm512_mask_max_ps(before, present, before, reinterpret_cast<__m512>(v))));
}

// vpdpbusd. The intrinsic leaves the compiler the choice of another register for the result, and it takes it: with a
// copy of every sum in every step, more registers than there are.
IDIOLECT_VNNI_INLINE void AddProducts(__m512i& sums, __m512i activations, __m512i weights) {
  __asm__("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(activations), "v"(weights));
}

// The sums of some rows, in registers: members and recursion, because the compiler keeps an array in memory.
template <int kRows>
struct RowSums {
  __m512i left = {}, right = {};
  RowSums<kRows - 1> below;
};
template <>
struct RowSums<0> {};

template <int kRows>
IDIOLECT_VNNI_INLINE void AddRows(RowSums<kRows>& sums, const uint8_t* x, int64_t x_stride, __m512i left,
                                  __m512i right) {
  if constexpr (kRows > 0) {
    int32_t four;
    std::memcpy(&four, x, sizeof four);
    const __m512i activations = _mm512_set1_epi32(four);
    AddProducts(sums.left, activations, left);
    AddProducts(sums.right, activations, right);
    AddRows<kRows - 1>(sums.below, x + x_stride, x_stride, left, right);
  }
}

template <int kRows>
IDIOLECT_VNNI_INLINE void WriteRows(const RowSums<kRows>& sums, const Tile& tile, int row) {
  if constexpr (kRows > 0) {
    WriteLanes(tile, row, 0, reinterpret_cast<Ints>(sums.left));
    WriteLanes(tile, row, kLanes, reinterpret_cast<Ints>(sums.right));
    WriteRows<kRows - 1>(sums.below, tile, row + 1);
  }
}

template <int kRows>
IDIOLECT_VNNI void MultiplyTile(const Tile& tile) {
  for (int row = 0; row < kRows; ++row) {
    const float* y = tile.y + row * tile.y_stride;
    __builtin_prefetch(y, 1);
    __builtin_prefetch(y + kLanes, 1);
  }
  RowSums<kRows> sums;
  const int8_t* weights = tile.panel;
  const uint8_t* x = tile.x;
  for (int64_t line = 0; line < static_cast<int64_t>(tile.depth) * 64; line += 64) {
    const __m512i left = _mm512_load_si512(weights), right = _mm512_load_si512(weights + 64);
    _mm_prefetch(tile.fetch[0] + line, _MM_HINT_T1);
    _mm_prefetch(tile.fetch[1] + line, _MM_HINT_T1);
    AddRows<kRows>(sums, x, tile.x_stride, left, right);
    weights += kPanelBytes;
    x += 4;
  }
  WriteRows<kRows>(sums, tile, 0);
}

template <size_t... kRows>
constexpr auto TilesByRows(std::index_sequence<kRows...>) {
  return std::array{&MultiplyTile<static_cast<int>(kRows) + 1>...};
}
constexpr auto kMultiply = TilesByRows(std::make_index_sequence<kMostTileRows>());

bool HasVnni() { return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw"); }
bool HasAmx() {
  constexpr unsigned kLeaf = 7, kAmxInt8 = 1u << 25;
  unsigned a = 0, b = 0, c = 0, d = 0;
  __asm__("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(kLeaf), "c"(0));
  return (d & kAmxInt8) != 0;
}

#else

constexpr std::array<void (*)(const Tile&), kMostTileRows> kMultiply = {};
bool HasVnni() { return false; }
bool HasAmx() { return false; }

#endif

int DivideUp(int n, int by) { return (n + by - 1) / by; }

}  // namespace

// The rows of one call, as bytes, in tiles of nearly equal height.
struct VnniKernel::Rows {
  const uint8_t* x;
  int count;
  const float* scales;
  float* y;
  float* largest;
};

bool VnniKernel::IsPossible() { return HasVnni(); }
bool VnniKernel::IsBest() { return HasVnni() && !HasAmx(); }

VnniKernel::VnniKernel(const DenseWeights& weights)
    : outputs_(weights.outputs),
      inputs_(weights.inputs),
      depth_(DivideUp(weights.inputs, 4)),
      panels_(DivideUp(weights.outputs, kPanelColumns)),
      packed_(static_cast<size_t>(panels_) * depth_ * kPanelBytes) {
  const size_t columns = static_cast<size_t>(panels_) * kPanelColumns;
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

void VnniKernel::PackColumn(int column, const int8_t* weights) {
  auto* panel = static_cast<int8_t*>(packed_.data()) +
                static_cast<int64_t>(column / kPanelColumns) * depth_ * kPanelBytes + column % kPanelColumns * 4;
  for (int i = 0; i < inputs_; ++i) {
    panel[static_cast<int64_t>(i / 4) * kPanelBytes + i % 4] = weights[i];
    corrections_[column] += 128 * weights[i];
  }
}

void VnniKernel::Run(const float* x, int rows, float* y, float* row_max, Scratch& scratch) const {
  constexpr int kLimit = 127;
  const int64_t width = 4 * static_cast<int64_t>(depth_);
  auto* bytes = static_cast<uint8_t*>(scratch.Take(Scratch::kInput, rows * width));
  auto* largest = static_cast<float*>(scratch.Take(Scratch::kOutput, rows * (kLanes + 1) * sizeof(float)));
  float* row_scales = largest + static_cast<int64_t>(rows) * kLanes;
  std::fill_n(largest, static_cast<int64_t>(rows) * kLanes, -std::numeric_limits<float>::infinity());
  for (int row = 0; row < rows; ++row)
    row_scales[row] =
        QuantizeActivations(x + static_cast<int64_t>(row) * inputs_, inputs_, kLimit, bytes + row * width);
  for (int panel = 0; panel < panels_; ++panel)
    RunPanel(panel, {.x = bytes, .count = rows, .scales = row_scales, .y = y, .largest = largest});
  for (int row = 0; row_max != nullptr && row < rows; ++row)
    row_max[row] = *std::max_element(largest + row * kLanes, largest + (row + 1) * kLanes);
}

void VnniKernel::RunPanel(int panel, const Rows& rows) const {
  const int64_t panel_bytes = static_cast<int64_t>(depth_) * kPanelBytes, width = 4 * static_cast<int64_t>(depth_);
  const int first = panel * kPanelColumns;
  const int8_t* weights = static_cast<const int8_t*>(packed_.data()) + panel * panel_bytes;
  const int8_t* next = panel + 1 < panels_ ? weights + panel_bytes : weights;
  const int tiles = DivideUp(rows.count, kMostTileRows);
  int row = 0;
  for (int i = 0; i < tiles; ++i) {
    const int count = DivideUp(rows.count - row, tiles - i);
    // The last tile fetches the second half of the next panel, the one before it the first: weights arrive at an even
    // pace. Others fetch what they have.
    kMultiply[count - 1](
        {.panel = weights,
         .depth = depth_,
         .x = rows.x + row * width,
         .x_stride = width,
         .fetch = {i == std::max(tiles - 2, 0) ? next : weights, i == tiles - 1 ? next + panel_bytes / 2 : weights},
         .scales = scales_.data() + first,
         .bias = bias_.data() + first,
         .corrections = corrections_.data() + first,
         .row_scales = rows.scales + row,
         .y = rows.y + static_cast<int64_t>(row) * outputs_ + first,
         .y_stride = outputs_,
         .columns = std::min(kPanelColumns, outputs_ - first),
         .largest = rows.largest + static_cast<int64_t>(row) * kLanes});
    row += count;
  }
}

int64_t VnniKernel::byte_size() const {
  return static_cast<int64_t>(packed_.size() + sizeof(float) * (scales_.size() + bias_.size() + corrections_.size()));
}

}  // namespace idiolect
