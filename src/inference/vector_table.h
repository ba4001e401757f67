// Rows of d numbers, kept as they serve: as floats, or as bytes with a scale a row, a quarter of the size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "idiolect/precision.h"
#include "inference/table_memory.h"

namespace idiolect {

class VectorTable {
 public:
  VectorTable() = default;
  // Room for `most_rows`. Bytes for int8, floats for the other precisions.
  VectorTable(int d, Precision precision, int most_rows);

  // Neither may be called on a full table.
  void Append(const float* row);
  void AppendFrom(const VectorTable& other, int row);  // of the same kind; the very same numbers

  int rows() const { return rows_; }
  // out[i] = factor · (query · row i).
  void Dot(const float* query, float factor, float* out) const;
  // out += Σ weights[i] · row i.
  void AddWeighted(const float* weights, float* out) const;
  std::vector<float> ToFloats() const;  // [rows, d]
  int64_t byte_size() const;

 private:
  size_t row_bytes() const { return d_ * (bytes_only_ ? sizeof(int8_t) : sizeof(float)); }
  std::byte* end() { return numbers_.data() + rows_ * row_bytes(); }
  const float* floats(int row) const { return reinterpret_cast<const float*>(numbers_.data() + row * row_bytes()); }
  const int8_t* bytes(int row) const { return reinterpret_cast<const int8_t*>(numbers_.data() + row * row_bytes()); }

  int d_ = 0, rows_ = 0;
  bool bytes_only_ = false;
  TableMemory numbers_;
  std::vector<float> scales_;  // of the bytes
};

}  // namespace idiolect
