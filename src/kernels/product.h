// A matrix product C = A · B of fixed shape, by oneDNN on the calling thread. What is specific to oneDNN ends here.
//
// Exactness. A row of C must not depend on how many rows are computed together, or a reply would depend on strangers'
// requests. For integers that holds by nature. For floats it holds as long as oneDNN sums every row in the same order
// whatever the shape; DenseLayer checks that when it packs its weights.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "idiolect/precision.h"
#include "kernels/scratch.h"

namespace idiolect {

// Weights in oneDNN's own layout for products with many row counts.
class PackedMatrix;

// C [rows, columns] = A [rows, depth] · packed weights. A holds floats, bfloat16 or bytes + 128 by precision; C floats,
// or for int8 the integer sums. All of them dense.
class WeightProduct {
 public:
  WeightProduct(int rows, int columns, int depth, Precision precision, const PackedMatrix& like);
  ~WeightProduct();
  WeightProduct(WeightProduct&&) noexcept;
  // Reads scratch's kInput, writes its kOutput.
  void Run(const PackedMatrix& weights, Scratch& scratch) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class PackedMatrix {
 public:
  // `weight` [columns, depth], row-major: floats, or for int8 signed bytes.
  // The packed form lies in the memory that `allocate` gives for its size in bytes; the caller owns that.
  using Allocator = std::function<void*(size_t)>;
  PackedMatrix(const void* weight, int columns, int depth, Precision precision, const Allocator& allocate);
  ~PackedMatrix();
  PackedMatrix(PackedMatrix&&) noexcept;

 private:
  friend class WeightProduct;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// C = A · B for floats in plain rows, a stride each; with `transpose`, B is given by its columns. Products of a shape
// are prepared at their first use and kept in the scratch.
struct MatrixView {
  const float* data;
  int64_t stride;  // floats from row to row
};
void MultiplyFloats(MatrixView a, MatrixView b, bool transpose, int rows, int columns, int depth, float* c,
                    int64_t stride, Scratch& scratch);

// Sets the calling thread to one OpenMP thread for its lifetime: a second one would spin beside the next engine.
class OneThread {
 public:
  OneThread();
  ~OneThread();

 private:
  int before_;
};

}  // namespace idiolect
