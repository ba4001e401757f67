#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "kernels/cpu.h"
#include "kernels/int8_tiles.h"
#include "kernels/simd.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define IDIOLECT_AVX2 __attribute__((target("avx2,fma")))
#define IDIOLECT_AVX2_INLINE IDIOLECT_AVX2 __attribute__((always_inline)) inline

namespace idiolect {
namespace {

using simd::Floats;
using simd::Ints;
using simd::kLanes;

constexpr int kPanelColumns = 16;  // two registers of sums a row
constexpr int kPanelBytes = 2 * kPanelColumns;
constexpr int kMostTileRows = 6;  // 12 registers of sums; weights and an activation need three of the other four

IDIOLECT_AVX2_INLINE void WriteLanes(const Int8Tile& tile, int row, Ints sums) {
  const Floats v =
      __builtin_convertvector(sums, Floats) * (simd::Load(tile.scales) * tile.row_scales[row]) + simd::Load(tile.bias);
  float* y = tile.y + row * tile.y_stride;
  float* largest = tile.largest + static_cast<int64_t>(row) * kLanes;
  if (tile.columns == kLanes) {
    simd::Store(y, v);
    simd::Store(largest, simd::Larger(v, simd::Load(largest)));
  } else {
    simd::StoreSome(y, tile.columns, v);
    for (int k = 0; k < tile.columns; ++k) largest[k] = std::max(largest[k], v[k]);
  }
}

// The sums of some rows, in registers: members and recursion, because the compiler keeps an array in memory.
template <int kRows>
struct RowSums {
  __m256i left = {}, right = {};
  RowSums<kRows - 1> below;
};
template <>
struct RowSums<0> {};

template <int kRows>
IDIOLECT_AVX2_INLINE void AddRows(RowSums<kRows>& sums, const std::byte* x, int64_t x_stride, __m256i left,
                                  __m256i right) {
  if constexpr (kRows > 0) {
    int32_t pair;
    std::memcpy(&pair, x, sizeof pair);
    const __m256i activations = _mm256_set1_epi32(pair);
    sums.left = _mm256_add_epi32(sums.left, _mm256_madd_epi16(activations, left));
    sums.right = _mm256_add_epi32(sums.right, _mm256_madd_epi16(activations, right));
    AddRows<kRows - 1>(sums.below, x + x_stride, x_stride, left, right);
  }
}

template <int kRows>
IDIOLECT_AVX2_INLINE void WriteRows(const RowSums<kRows>& sums, const Int8Tile& tile, int row) {
  if constexpr (kRows > 0) {
    Ints both;
    std::memcpy(&both, &sums.left, sizeof sums.left);
    std::memcpy(reinterpret_cast<std::byte*>(&both) + sizeof sums.left, &sums.right, sizeof sums.right);
    WriteLanes(tile, row, both);
    WriteRows<kRows - 1>(sums.below, tile, row + 1);
  }
}

IDIOLECT_AVX2_INLINE __m256i Widen(const int8_t* sixteen) {
  return _mm256_cvtepi8_epi16(_mm_load_si128(reinterpret_cast<const __m128i*>(sixteen)));
}

template <int kRows>
IDIOLECT_AVX2 void MultiplyTile(const Int8Tile& tile) {
  RowSums<kRows> sums;
  const int8_t* weights = tile.panel;
  const std::byte* x = tile.x;
  for (int i = 0; i < tile.depth; ++i) {
    AddRows<kRows>(sums, x, tile.x_stride, Widen(weights), Widen(weights + kPanelBytes / 2));
    _mm_prefetch(tile.fetch[0] + static_cast<int64_t>(i) * (kPanelBytes / 2), _MM_HINT_T1);
    _mm_prefetch(tile.fetch[1] + static_cast<int64_t>(i) * (kPanelBytes / 2), _MM_HINT_T1);
    weights += kPanelBytes;
    x += sizeof(int32_t);
  }
  WriteRows<kRows>(sums, tile, 0);
}

template <size_t... kRows>
constexpr auto TilesByRows(std::index_sequence<kRows...>) {
  return std::array{&MultiplyTile<static_cast<int>(kRows) + 1>...};
}
constexpr auto kMultiply = TilesByRows(std::make_index_sequence<kMostTileRows>());
constexpr Int8Tiles kTiles = {
    .columns = kPanelColumns, .group = 2, .wide = true, .most_rows = kMostTileRows, .multiply = kMultiply.data()};

}  // namespace

const Int8Tiles* Avx2Tiles() { return MayUseAvx2() ? &kTiles : nullptr; }

}  // namespace idiolect

#else

namespace idiolect {
const Int8Tiles* Avx2Tiles() { return nullptr; }
}  // namespace idiolect

#endif
