// Memory for large arrays of numbers: aligned for vectors and, from a megabyte up, asked for in huge pages. Streaming a
// vocabulary's weights through 4 KB pages misses the translation cache at every one of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace idiolect {

class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t bytes);  // zeros
  void* data() const { return memory_.get(); }
  size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(void* p) const;
  };
  std::unique_ptr<void, Free> memory_;
  size_t size_ = 0;
};

// A row-major matrix of floats that grows and never shrinks; what it holds after a Resize is unspecified.
class FloatMatrix {
 public:
  void Resize(int rows, int columns) {
    const size_t bytes = sizeof(float) * static_cast<size_t>(rows) * static_cast<size_t>(columns);
    if (bytes > buffer_.size()) buffer_ = Buffer(bytes);
    rows_ = rows;
    columns_ = columns;
  }
  int rows() const { return rows_; }
  int columns() const { return columns_; }
  float* data() { return static_cast<float*>(buffer_.data()); }
  const float* data() const { return static_cast<const float*>(buffer_.data()); }
  float* row(int i) { return data() + static_cast<int64_t>(i) * columns_; }
  const float* row(int i) const { return data() + static_cast<int64_t>(i) * columns_; }

 private:
  Buffer buffer_;
  int rows_ = 0, columns_ = 0;
};

}  // namespace idiolect
