#include "inference/vector_table.h"

#include <cstring>

#include "kernels/quantized.h"
#include "kernels/vector_math.h"

namespace idiolect {

VectorTable::VectorTable(int d, Precision precision, int most_rows)
    : d_(d), bytes_only_(precision == Precision::kInt8), numbers_(most_rows * row_bytes()) {
  if (bytes_only_) scales_.reserve(most_rows);
}

void VectorTable::Append(const float* row) {
  if (bytes_only_) {
    scales_.push_back(QuantizeRow(row, d_, reinterpret_cast<int8_t*>(end())));
  } else {
    std::memcpy(end(), row, row_bytes());
  }
  ++rows_;
}

void VectorTable::AppendFrom(const VectorTable& other, int row) {
  if (bytes_only_) scales_.push_back(other.scales_[row]);
  std::memcpy(end(), other.numbers_.data() + row * row_bytes(), row_bytes());
  ++rows_;
}

void VectorTable::Dot(const float* query, float factor, float* out) const {
  if (bytes_only_) {
    DotBytes(query, bytes(0), scales_.data(), rows_, d_, factor, out);
    return;
  }
  for (int i = 0; i < rows_; ++i) out[i] = factor * idiolect::Dot(query, floats(i), d_);
}

void VectorTable::AddWeighted(const float* weights, float* out) const {
  for (int i = 0; i < rows_; ++i) {
    if (bytes_only_) {
      AddScaledBytes(out, weights[i] * scales_[i], bytes(i), d_);
    } else {
      AddScaled(out, weights[i], floats(i), d_);
    }
  }
}

std::vector<float> VectorTable::ToFloats() const {
  const int64_t count = static_cast<int64_t>(rows_) * d_;
  if (!bytes_only_) return {floats(0), floats(0) + count};
  std::vector<float> all(count);
  for (int64_t i = 0; i < count; ++i) all[i] = static_cast<float>(bytes(0)[i]) * scales_[i / d_];
  return all;
}

int64_t VectorTable::byte_size() const {
  return static_cast<int64_t>(numbers_.size() + sizeof(float) * scales_.capacity());
}

}  // namespace idiolect
