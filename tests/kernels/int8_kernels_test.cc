// The two kernels for int8: each must do what the other does.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "kernels/blocked_kernel.h"
#include "kernels/vnni_kernel.h"

namespace idiolect {
namespace {

std::vector<float> Randoms(size_t n, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(n);
  for (float& v : values) v = uniform(random);
  return values;
}

struct Shape {
  int outputs, inputs;
};

class Int8KernelsTest : public ::testing::TestWithParam<Shape> {
 protected:
  void SetUp() override {
    if (!VnniKernel::IsPossible()) GTEST_SKIP() << "the processor has no AVX-512 VNNI";
    weight_ = Randoms(static_cast<size_t>(GetParam().outputs) * GetParam().inputs, 1);
    bias_ = Randoms(GetParam().outputs, 2);
  }
  DenseWeights weights() const { return {weight_.data(), bias_.data(), GetParam().outputs, GetParam().inputs}; }

  std::vector<float> weight_, bias_;
  Scratch scratch_;
};

TEST_P(Int8KernelsTest, VnniEqualsOneDnn) {
  const VnniKernel vnni(weights());
  const BlockedKernel library(weights(), Precision::kInt8);
  constexpr float kRounding = 1e-5f;  // of the last multiplication; the sums are the same integers
  for (const int rows : {1, 2, 3, 7, 11, 12, 13, 24, 25, 37, 64, 67}) {
    const std::vector<float> x = Randoms(static_cast<size_t>(rows) * GetParam().inputs, rows);
    std::vector<float> y(static_cast<size_t>(rows) * GetParam().outputs), expected(y.size());
    std::vector<float> largest(rows), expected_largest(rows);
    vnni.Run(x.data(), rows, y.data(), largest.data(), scratch_);
    library.Run(x.data(), rows, expected.data(), expected_largest.data(), scratch_);
    for (size_t i = 0; i < y.size(); ++i)
      ASSERT_NEAR(y[i], expected[i], kRounding * std::max(1.0f, std::fabs(expected[i]))) << i << " of " << rows;
    for (int row = 0; row < rows; ++row) ASSERT_NEAR(largest[row], expected_largest[row], 2 * kRounding * 30) << row;
  }
}

// What lies behind the last column belongs to somebody else.
TEST_P(Int8KernelsTest, VnniWritesItsOutputsOnly) {
  const VnniKernel vnni(weights());
  constexpr int kRows = 13;
  constexpr float kUntouched = 12345;
  const std::vector<float> x = Randoms(static_cast<size_t>(kRows) * GetParam().inputs, 3);
  const size_t cells = static_cast<size_t>(kRows) * GetParam().outputs;
  std::vector<float> y(cells + 64, kUntouched);
  vnni.Run(x.data(), kRows, y.data(), nullptr, scratch_);
  for (size_t i = 0; i < y.size(); ++i) ASSERT_EQ(y[i] == kUntouched, i >= cells) << i;
}

// A bias of minus infinity marks what is never generated; it must win over any sum, and never be the largest.
TEST_P(Int8KernelsTest, InfiniteBiasesPassThrough) {
  if (GetParam().outputs < 2) return;  // nothing beside it
  bias_[1] = -INFINITY;
  const VnniKernel vnni(weights());
  const std::vector<float> x = Randoms(GetParam().inputs, 3);
  std::vector<float> y(GetParam().outputs), largest(1);
  vnni.Run(x.data(), 1, y.data(), largest.data(), scratch_);
  EXPECT_EQ(y[1], -INFINITY);
  EXPECT_EQ(largest[0], *std::max_element(y.begin(), y.end()));
}

INSTANTIATE_TEST_SUITE_P(Shapes, Int8KernelsTest,
                         ::testing::Values(Shape{1, 1}, Shape{15, 3}, Shape{16, 4}, Shape{17, 5}, Shape{31, 64},
                                           Shape{32, 7}, Shape{33, 6}, Shape{70, 300}, Shape{1100, 130}),
                         [](const auto& info) {
                           return std::to_string(info.param.outputs) + "x" + std::to_string(info.param.inputs);
                         });

}  // namespace
}  // namespace idiolect
