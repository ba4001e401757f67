// The kernels for int8: each must do what the library does.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "kernels/blocked_kernel.h"
#include "kernels/panel_kernel.h"

namespace idiolect {
namespace {

std::vector<float> Randoms(size_t n, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(n);
  for (float& v : values) v = uniform(random);
  return values;
}

struct Case {
  const char* name;
  const Int8Tiles* (*tiles)();
  int outputs, inputs;
};

class Int8KernelsTest : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (GetParam().tiles() == nullptr) GTEST_SKIP() << "the processor has no " << GetParam().name;
    weight_ = Randoms(static_cast<size_t>(GetParam().outputs) * GetParam().inputs, 1);
    bias_ = Randoms(GetParam().outputs, 2);
  }
  DenseWeights weights() const { return {weight_.data(), bias_.data(), GetParam().outputs, GetParam().inputs}; }
  PanelKernel Kernel() const { return PanelKernel(weights(), *GetParam().tiles()); }

  std::vector<float> weight_, bias_;
  Scratch scratch_;
};

// The library's activations may be one bit shorter on an old processor.
TEST_P(Int8KernelsTest, EqualsTheLibrary) {
  const PanelKernel kernel = Kernel();
  const BlockedKernel library(weights(), Precision::kInt8);
  const bool same_bits = VnniTiles() != nullptr;
  const float rounding = same_bits ? 1e-5f : 8e-3f * GetParam().inputs;
  for (const int rows : {1, 2, 3, 5, 6, 7, 11, 12, 13, 24, 25, 37, 64, 67}) {
    const std::vector<float> x = Randoms(static_cast<size_t>(rows) * GetParam().inputs, rows);
    std::vector<float> y(static_cast<size_t>(rows) * GetParam().outputs), expected(y.size());
    std::vector<float> largest(rows), expected_largest(rows);
    kernel.Run(x.data(), rows, y.data(), largest.data(), scratch_);
    library.Run(x.data(), rows, expected.data(), expected_largest.data(), scratch_);
    for (size_t i = 0; i < y.size(); ++i)
      ASSERT_NEAR(y[i], expected[i], rounding * std::max(1.0f, std::fabs(expected[i]))) << i << " of " << rows;
    for (int row = 0; row < rows; ++row) ASSERT_NEAR(largest[row], expected_largest[row], 60 * rounding) << row;
  }
}

// The sums are the same integers, so only the last multiplication may round differently: a reply does not depend on
// which of two processors wrote it.
TEST_P(Int8KernelsTest, EqualsThePlainSumOfIntegers) {
  const PanelKernel kernel = Kernel();
  const int inputs = GetParam().inputs, outputs = GetParam().outputs;
  const std::vector<float> x = Randoms(inputs, 9);
  std::vector<float> y(outputs);
  kernel.Run(x.data(), 1, y.data(), nullptr, scratch_);
  const auto integers = [inputs](const float* row, std::vector<int>& out) {
    float largest = 0;
    for (int i = 0; i < inputs; ++i) largest = std::max(largest, std::fabs(row[i]));
    for (int i = 0; i < inputs; ++i) out[i] = static_cast<int>(std::nearbyint(row[i] * (127 / largest)));
    return largest / 127;
  };
  std::vector<int> a(inputs), w(inputs);
  const float scale = integers(x.data(), a);
  for (int out = 0; out < outputs; ++out) {
    const float factor = scale * integers(weight_.data() + static_cast<size_t>(out) * inputs, w);
    int sum = 0;
    for (int i = 0; i < inputs; ++i) sum += a[i] * w[i];
    ASSERT_NEAR(y[out], static_cast<float>(sum) * factor + bias_[out], 1e-5f * std::max(1.0f, std::fabs(y[out])));
  }
}

// What lies behind the last column belongs to somebody else.
TEST_P(Int8KernelsTest, WritesItsOutputsOnly) {
  const PanelKernel kernel = Kernel();
  constexpr int kRows = 13;
  constexpr float kUntouched = 12345;
  const std::vector<float> x = Randoms(static_cast<size_t>(kRows) * GetParam().inputs, 3);
  const size_t cells = static_cast<size_t>(kRows) * GetParam().outputs;
  std::vector<float> y(cells + 64, kUntouched);
  kernel.Run(x.data(), kRows, y.data(), nullptr, scratch_);
  for (size_t i = 0; i < y.size(); ++i) ASSERT_EQ(y[i] == kUntouched, i >= cells) << i;
}

// A bias of minus infinity marks what is never generated; it must win over any sum, and never be the largest.
TEST_P(Int8KernelsTest, InfiniteBiasesPassThrough) {
  if (GetParam().outputs < 2) return;  // nothing beside it
  bias_[1] = -INFINITY;
  const PanelKernel kernel = Kernel();
  const std::vector<float> x = Randoms(GetParam().inputs, 3);
  std::vector<float> y(GetParam().outputs), largest(1);
  kernel.Run(x.data(), 1, y.data(), largest.data(), scratch_);
  EXPECT_EQ(y[1], -INFINITY);
  EXPECT_EQ(largest[0], *std::max_element(y.begin(), y.end()));
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const auto& [outputs, inputs] : std::vector<std::pair<int, int>>{
           {1, 1}, {15, 3}, {16, 4}, {17, 5}, {31, 64}, {32, 7}, {33, 6}, {70, 300}, {1100, 130}}) {
    cases.push_back({"Vnni", &VnniTiles, outputs, inputs});
    cases.push_back({"Avx2", &Avx2Tiles, outputs, inputs});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Shapes, Int8KernelsTest, ::testing::ValuesIn(Cases()), [](const auto& info) {
  return std::string(info.param.name) + "_" + std::to_string(info.param.outputs) + "x" +
         std::to_string(info.param.inputs);
});

}  // namespace
}  // namespace idiolect
