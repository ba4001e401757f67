// y = x Wᵀ + b with weights packed once, by the kernel that serves the precision best on this processor.
//
// A row of y depends on that row of x alone, to the bit, at every precision and number of rows.
#pragma once

#include <cstdint>
#include <memory>

#include "idiolect/precision.h"
#include "kernels/dense_kernel.h"
#include "kernels/scratch.h"

namespace idiolect {

class DenseLayer {
 public:
  // weight [outputs, inputs] row-major; bias [outputs]. Throws dnnl::error when oneDNN can't do this on the processor.
  DenseLayer(const float* weight, const float* bias, int outputs, int inputs, Precision precision);

  // x [rows, inputs] → y [rows, outputs]. With `row_max`, the largest y of each row goes there.
  // Thread-safe, each thread with a scratch of its own.
  void operator()(const float* x, int rows, float* y, Scratch& scratch, float* row_max = nullptr) const {
    kernel_->Run(x, rows, y, row_max, scratch);
  }

  int inputs() const { return inputs_; }
  int outputs() const { return outputs_; }
  int64_t byte_size() const { return kernel_->byte_size(); }

 private:
  int inputs_, outputs_;
  std::unique_ptr<const DenseKernel> kernel_;
};

}  // namespace idiolect
