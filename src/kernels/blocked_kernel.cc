#include "kernels/blocked_kernel.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/cpu.h"
#include "kernels/quantized.h"
#include "kernels/vector_math.h"

namespace idiolect {
namespace {

// A product is prepared for each of these numbers of rows; others are rounded up. Few enough to prepare in no time,
// close enough that little is computed in vain.
constexpr int kRowCounts[] = {1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 28, 32, 36, 40, 48, 56, 64};
constexpr int kMostRows = 64;

// Columns of a block: at a depth of 600 their weights are 600 KB of int8, and the sums of 32 rows 128 KB.
constexpr int kMostColumns = 1024;

int RoundUp(int n, int multiple) { return (n + multiple - 1) / multiple * multiple; }

int BlockColumns(int outputs) {
  const int blocks = (outputs + kMostColumns - 1) / kMostColumns;
  return RoundUp((outputs + blocks - 1) / blocks, 16);
}

// Without VNNI oneDNN adds two products of bytes in 16 bits, which saturate: 2 · 255 · 127 is too much. Activations of
// 7 bits, 64 added, keep clear of that.
int ActivationLimit() { return MayUseVnni() ? 127 : 63; }

}  // namespace

struct BlockedKernel::Chunk {
  const float* x;
  int rows;
  float* y;
  float* row_max;
  mutable float row_scales[kMostRows] = {};
};

BlockedKernel::BlockedKernel(const DenseWeights& weights, Precision precision)
    : inputs_(weights.inputs),
      outputs_(weights.outputs),
      block_columns_(BlockColumns(weights.outputs)),
      precision_(precision),
      max_rows_(kMostRows),
      activation_limit_(ActivationLimit()),
      bias_(weights.bias, weights.bias + weights.outputs) {
  precision == Precision::kInt8 ? PackInt8(weights.weight) : PackFloats(weights.weight);
  PrepareProducts();
  if (!RowsAreIndependent()) max_rows_ = 1;
}

void BlockedKernel::PackInt8(const float* weight) {
  column_scales_.assign(outputs_, 0);
  corrections_.assign(outputs_, 0);
  std::vector<int8_t> block(static_cast<size_t>(block_columns_) * inputs_);
  for (int first = 0; first < outputs_; first += block_columns_) {
    std::fill(block.begin(), block.end(), int8_t{0});
    for (int column = first; column < std::min(outputs_, first + block_columns_); ++column) {
      int8_t* row = block.data() + static_cast<int64_t>(column - first) * inputs_;
      column_scales_[column] = QuantizeRow(weight + static_cast<int64_t>(column) * inputs_, inputs_, row);
      int32_t sum = 0;
      for (int i = 0; i < inputs_; ++i) sum += row[i];
      corrections_[column] = (activation_limit_ + 1) * sum;
    }
    AddBlock(block.data());
  }
}

void BlockedKernel::PackFloats(const float* weight) {
  std::vector<float> block(static_cast<size_t>(block_columns_) * inputs_);
  for (int first = 0; first < outputs_; first += block_columns_) {
    const int columns = std::min(block_columns_, outputs_ - first);
    std::fill(block.begin(), block.end(), 0.0f);
    std::copy_n(weight + static_cast<int64_t>(first) * inputs_, static_cast<int64_t>(columns) * inputs_, block.begin());
    AddBlock(block.data());
  }
}

// All blocks lie one behind the other, in few pages.
void BlockedKernel::AddBlock(const void* weight) {
  blocks_.emplace_back(weight, block_columns_, inputs_, precision_, [this](size_t bytes) {
    constexpr size_t kCacheLine = 64;
    const size_t stride = (bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
    const auto count = static_cast<size_t>((outputs_ + block_columns_ - 1) / block_columns_);
    if (packed_.data() == nullptr) packed_ = Buffer(stride * count);
    return static_cast<std::byte*>(packed_.data()) + stride * blocks_.size();
  });
}

void BlockedKernel::PrepareProducts() {
  for (int rows : kRowCounts) products_.emplace_back(rows, block_columns_, inputs_, precision_, blocks_[0]);
}

// Multiplies the same rows alone and together. Floats pass where oneDNN's kernels keep one order of summing (AVX-512
// does); where they don't, rows go one at a time: slow, and still the same bytes.
bool BlockedKernel::RowsAreIndependent() const {
  if (precision_ == Precision::kInt8) return true;
  std::vector<float> x(static_cast<size_t>(kMostRows) * inputs_), together(static_cast<size_t>(kMostRows) * outputs_),
      alone(outputs_);
  for (size_t i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<float>(i % 7919) * 1.7f);
  Scratch scratch;
  for (int rows : kRowCounts) {
    Run(x.data(), rows, together.data(), nullptr, scratch);
    const int last = rows - 1;
    Run(x.data() + static_cast<int64_t>(last) * inputs_, 1, alone.data(), nullptr, scratch);
    if (std::memcmp(alone.data(), together.data() + static_cast<int64_t>(last) * outputs_, outputs_ * sizeof(float)))
      return false;
  }
  return true;
}

void BlockedKernel::Run(const float* x, int rows, float* y, float* row_max, Scratch& scratch) const {
  for (int row = 0; row < rows; row += max_rows_) {
    RunChunk({.x = x + static_cast<int64_t>(row) * inputs_,
              .rows = std::min(max_rows_, rows - row),
              .y = y + static_cast<int64_t>(row) * outputs_,
              .row_max = row_max == nullptr ? nullptr : row_max + row},
             scratch);
  }
}

void BlockedKernel::RunChunk(const Chunk& chunk, Scratch& scratch) const {
  const int index = static_cast<int>(std::lower_bound(std::begin(kRowCounts), std::end(kRowCounts), chunk.rows) -
                                     std::begin(kRowCounts));
  const size_t cells = static_cast<size_t>(kRowCounts[index]);
  WriteInput(chunk, scratch.Take(Scratch::kInput, cells * inputs_ * sizeof(float)));
  const void* output = scratch.Take(Scratch::kOutput, cells * block_columns_ * sizeof(float));
  for (size_t block = 0; block < blocks_.size(); ++block) {
    products_[index].Run(blocks_[block], scratch);
    ReadBlock(chunk, static_cast<int>(block), output);
  }
}

void BlockedKernel::WriteInput(const Chunk& chunk, void* input) const {
  const int64_t cells = static_cast<int64_t>(chunk.rows) * inputs_;
  switch (precision_) {
    case Precision::kFloat32:
      std::copy_n(chunk.x, cells, static_cast<float*>(input));
      break;
    case Precision::kBfloat16:
      ToBfloat16(chunk.x, static_cast<int>(cells), static_cast<uint16_t*>(input));
      break;
    case Precision::kInt8:
      for (int row = 0; row < chunk.rows; ++row) {
        const int64_t at = static_cast<int64_t>(row) * inputs_;
        chunk.row_scales[row] =
            QuantizeActivations(chunk.x + at, inputs_, activation_limit_, static_cast<uint8_t*>(input) + at);
      }
  }
}

void BlockedKernel::ReadBlock(const Chunk& chunk, int block, const void* output) const {
  const int first = block * block_columns_, columns = std::min(block_columns_, outputs_ - first);
  for (int row = 0; row < chunk.rows; ++row) {
    float* y = chunk.y + static_cast<int64_t>(row) * outputs_ + first;
    const int64_t at = static_cast<int64_t>(row) * block_columns_;
    float largest;
    if (precision_ == Precision::kInt8) {
      largest = Dequantize(static_cast<const int32_t*>(output) + at, corrections_.data() + first,
                           column_scales_.data() + first, bias_.data() + first, chunk.row_scales[row], columns, y);
    } else {
      largest = AddBias(static_cast<const float*>(output) + at, bias_.data() + first, columns, y);
    }
    if (chunk.row_max != nullptr) chunk.row_max[row] = block == 0 ? largest : std::max(chunk.row_max[row], largest);
  }
}

int64_t BlockedKernel::byte_size() const {
  int64_t bytes = static_cast<int64_t>(sizeof(float) * (bias_.size() + column_scales_.size() + corrections_.size()));
  return bytes + static_cast<int64_t>(packed_.size());
}

}  // namespace idiolect
