// Products by oneDNN with weights packed once, in blocks of columns that fit into the processor's second-level cache
// together with their sums: a vocabulary's 40,000 columns never travel to memory and back as integers. Every precision,
// every processor.
#pragma once

#include <cstdint>
#include <vector>

#include "idiolect/precision.h"
#include "kernels/dense_kernel.h"
#include "kernels/product.h"

namespace idiolect {

class BlockedKernel : public DenseKernel {
 public:
  // Throws dnnl::error when oneDNN can't do this on the processor.
  BlockedKernel(const DenseWeights& weights, Precision precision);
  void Run(const float* x, int rows, float* y, float* row_max, Scratch& scratch) const override;
  int64_t byte_size() const override;

 private:
  struct Chunk;  // rows that are multiplied together
  void PackInt8(const float* weight);
  void PackFloats(const float* weight);
  void AddBlock(const void* weight);
  void PrepareProducts();
  bool RowsAreIndependent() const;
  void RunChunk(const Chunk& chunk, Scratch& scratch) const;
  void WriteInput(const Chunk& chunk, void* input) const;
  void ReadBlock(const Chunk& chunk, int block, const void* output) const;

  int inputs_, outputs_, block_columns_;
  Precision precision_;
  int max_rows_;          // in one product
  int activation_limit_;  // largest integer of an activation
  std::vector<float> bias_, column_scales_;
  std::vector<int32_t> corrections_;  // what the offset of activations adds to the sums
  Buffer packed_;
  std::vector<PackedMatrix> blocks_;     // in packed_
  std::vector<WeightProduct> products_;  // one a row count
};

}  // namespace idiolect
