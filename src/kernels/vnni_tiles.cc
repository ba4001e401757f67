#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "kernels/cpu.h"
#include "kernels/int8_tiles.h"
#include "kernels/simd.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define IDIOLECT_VNNI __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
#define IDIOLECT_VNNI_INLINE IDIOLECT_VNNI __attribute__((always_inline)) inline

namespace idiolect {
namespace {

using simd::Floats;
using simd::Ints;
using simd::kLanes;

constexpr int kPanelColumns = 32;  // two registers of sums a row
constexpr int kPanelBytes = 4 * kPanelColumns;
constexpr int kMostTileRows = 12;  // 24 registers of sums; weights and an activation need three of the other eight

IDIOLECT_VNNI_INLINE void WriteLanes(const Int8Tile& tile, int row, int first, Ints sums) {
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
IDIOLECT_VNNI_INLINE void AddRows(RowSums<kRows>& sums, const std::byte* x, int64_t x_stride, __m512i left,
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
IDIOLECT_VNNI_INLINE void WriteRows(const RowSums<kRows>& sums, const Int8Tile& tile, int row) {
  if constexpr (kRows > 0) {
    WriteLanes(tile, row, 0, reinterpret_cast<Ints>(sums.left));
    WriteLanes(tile, row, kLanes, reinterpret_cast<Ints>(sums.right));
    WriteRows<kRows - 1>(sums.below, tile, row + 1);
  }
}

template <int kRows>
IDIOLECT_VNNI void MultiplyTile(const Int8Tile& tile) {
  for (int row = 0; row < kRows; ++row) {
    const float* y = tile.y + row * tile.y_stride;
    __builtin_prefetch(y, 1);
    __builtin_prefetch(y + kLanes, 1);
  }
  RowSums<kRows> sums;
  const int8_t* weights = tile.panel;
  const std::byte* x = tile.x;
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
constexpr Int8Tiles kTiles = {
    .columns = kPanelColumns, .group = 4, .wide = false, .most_rows = kMostTileRows, .multiply = kMultiply.data()};

}  // namespace

const Int8Tiles* VnniTiles() { return MayUseVnni() ? &kTiles : nullptr; }

}  // namespace idiolect

#else

namespace idiolect {
const Int8Tiles* VnniTiles() { return nullptr; }
}  // namespace idiolect

#endif
