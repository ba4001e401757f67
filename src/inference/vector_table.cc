#include "inference/vector_table.h"

#include "kernels/quantized.h"
#include "kernels/vector_math.h"

namespace idiolect {

void VectorTable::Reserve(int rows) {
  const size_t numbers = static_cast<size_t>(rows) * d_;
  bytes_only_ ? bytes_.reserve(numbers) : floats_.reserve(numbers);
  if (bytes_only_) scales_.reserve(rows);
}

void VectorTable::Append(const float* row) {
  ++rows_;
  if (!bytes_only_) {
    floats_.insert(floats_.end(), row, row + d_);
    return;
  }
  bytes_.resize(bytes_.size() + d_);
  scales_.push_back(QuantizeRow(row, d_, bytes_.data() + bytes_.size() - d_));
}

void VectorTable::AppendFrom(const VectorTable& other, int row) {
  ++rows_;
  const int64_t begin = static_cast<int64_t>(row) * d_;
  if (!bytes_only_) {
    floats_.insert(floats_.end(), other.floats_.begin() + begin, other.floats_.begin() + begin + d_);
    return;
  }
  bytes_.insert(bytes_.end(), other.bytes_.begin() + begin, other.bytes_.begin() + begin + d_);
  scales_.push_back(other.scales_[row]);
}

void VectorTable::Dot(const float* query, float factor, float* out) const {
  if (bytes_only_) {
    DotBytes(query, bytes_.data(), scales_.data(), rows_, d_, factor, out);
    return;
  }
  for (int i = 0; i < rows_; ++i)
    out[i] = factor * idiolect::Dot(query, floats_.data() + static_cast<int64_t>(i) * d_, d_);
}

void VectorTable::AddWeighted(const float* weights, float* out) const {
  for (int i = 0; i < rows_; ++i) {
    const int64_t begin = static_cast<int64_t>(i) * d_;
    if (bytes_only_) {
      AddScaledBytes(out, weights[i] * scales_[i], bytes_.data() + begin, d_);
    } else {
      AddScaled(out, weights[i], floats_.data() + begin, d_);
    }
  }
}

std::vector<float> VectorTable::ToFloats() const {
  if (!bytes_only_) return floats_;
  std::vector<float> floats(bytes_.size());
  for (size_t i = 0; i < bytes_.size(); ++i) floats[i] = static_cast<float>(bytes_[i]) * scales_[i / d_];
  return floats;
}

int64_t VectorTable::byte_size() const {
  return static_cast<int64_t>(sizeof(float) * (floats_.capacity() + scales_.capacity()) + bytes_.capacity());
}

}  // namespace idiolect
