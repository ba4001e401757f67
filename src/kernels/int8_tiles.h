// The innermost loop of an int8 product: some rows of activations times the columns of one panel of weights, with the
// sums in registers. One set of such loops for each family of instructions; PanelKernel calls them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace idiolect {

// What one tile reads and writes.
struct Int8Tile {
  const int8_t* panel;  // weights [depth, columns of a panel, group]
  int depth;            // groups of inputs
  const std::byte* x;   // activations, a row each `x_stride` bytes
  int64_t x_stride;
  const int8_t* fetch[2];  // half a panel of weights each, that will be needed next
  const float* scales;     // by column, as are these two
  const float* bias;
  const int32_t* corrections;
  const float* row_scales;
  float* y;
  int64_t y_stride;  // floats
  int columns;       // to be written: all of the panel's, or what is left of the layer
  float* largest;    // 16 a row: the largest y so far, by lane
};

struct Int8Tiles {
  int columns;                               // of a panel
  int group;                                 // inputs that are multiplied at once
  bool wide;                                 // activations are int16; otherwise bytes with 128 added
  int most_rows;                             // of a tile
  void (*const* multiply)(const Int8Tile&);  // [most_rows], by rows - 1
};

// Null on a processor that lacks the instructions.
const Int8Tiles* VnniTiles();  // AVX-512 VNNI: bytes in fours
const Int8Tiles* Avx2Tiles();  // 16-bit pairs, since AVX2's products of bytes saturate

}  // namespace idiolect
