#include "kernels/dense_layer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

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
  int outputs, inputs;
  Precision precision;
};

class DenseLayerTest : public ::testing::TestWithParam<Case> {
 protected:
  const Case c_ = GetParam();
  const std::vector<float> weight_ = Randoms(static_cast<size_t>(c_.outputs) * c_.inputs, 1);
  const std::vector<float> bias_ = Randoms(c_.outputs, 2);
  const DenseLayer layer_{weight_.data(), bias_.data(), c_.outputs, c_.inputs, c_.precision};
  Scratch scratch_;
};

// What rounding may cost: a product's error against the lengths of its two vectors.
double Tolerance(Precision precision, int inputs) {
  const double relative = precision == Precision::kFloat32 ? 1e-6 : precision == Precision::kBfloat16 ? 4e-3 : 8e-3;
  return relative * inputs / 3;  // |x|·|w| of uniform numbers
}

TEST_P(DenseLayerTest, IsTheProductPlusTheBias) {
  const std::vector<float> x = Randoms(static_cast<size_t>(3) * c_.inputs, 3);
  std::vector<float> y(static_cast<size_t>(3) * c_.outputs), largest(3);
  layer_(x.data(), 3, y.data(), scratch_, largest.data());
  for (int row = 0; row < 3; ++row) {
    float most = -INFINITY;
    for (int out = 0; out < c_.outputs; ++out) {
      double exact = bias_[out];
      for (int i = 0; i < c_.inputs; ++i)
        exact += static_cast<double>(x[row * c_.inputs + i]) * weight_[static_cast<size_t>(out) * c_.inputs + i];
      const float got = y[static_cast<size_t>(row) * c_.outputs + out];
      ASSERT_NEAR(got, exact, Tolerance(c_.precision, c_.inputs)) << row << "," << out;
      most = std::max(most, got);
    }
    EXPECT_EQ(largest[row], most);
  }
}

TEST_P(DenseLayerTest, ARowDoesNotDependOnItsNeighbours) {
  constexpr int kMost = 131;
  const std::vector<float> x = Randoms(static_cast<size_t>(kMost) * c_.inputs, 4);
  std::vector<float> together(static_cast<size_t>(kMost) * c_.outputs), alone(c_.outputs);
  for (const int rows : {1, 2, 5, 7, 32, 33, 64, 65, kMost}) {
    layer_(x.data(), rows, together.data(), scratch_);
    for (const int row : {0, rows / 2, rows - 1}) {
      layer_(x.data() + static_cast<size_t>(row) * c_.inputs, 1, alone.data(), scratch_);
      ASSERT_EQ(std::memcmp(alone.data(), together.data() + static_cast<size_t>(row) * c_.outputs,
                            sizeof(float) * c_.outputs),
                0)
          << "row " << row << " of " << rows;
    }
  }
}

TEST_P(DenseLayerTest, RowsOfZerosGiveTheBias) {
  const std::vector<float> x(c_.inputs, 0.0f);
  std::vector<float> y(c_.outputs);
  layer_(x.data(), 1, y.data(), scratch_);
  EXPECT_EQ(y, bias_);
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const Precision precision : {Precision::kFloat32, Precision::kBfloat16, Precision::kInt8}) {
    for (const auto& [outputs, inputs] :
         std::vector<std::pair<int, int>>{{1, 1}, {7, 5}, {48, 16}, {300, 50}, {2500, 33}})
      cases.push_back({outputs, inputs, precision});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Shapes, DenseLayerTest, ::testing::ValuesIn(Cases()), [](const auto& info) {
  return std::string(PrecisionName(info.param.precision)) + "_" + std::to_string(info.param.outputs) + "x" +
         std::to_string(info.param.inputs);
});

TEST(DenseLayerInt8Test, ChannelsOfVeryDifferentSizeKeepTheirAccuracy) {
  const int inputs = 64;
  std::vector<float> weight = Randoms(2 * inputs, 5), bias(2, 0.0f), y(2);
  for (int i = 0; i < inputs; ++i) weight[i] *= 1e-4f;
  const DenseLayer layer(weight.data(), bias.data(), 2, inputs, Precision::kInt8);
  const std::vector<float> x = Randoms(inputs, 6);
  Scratch scratch;
  layer(x.data(), 1, y.data(), scratch);
  double exact = 0;
  for (int i = 0; i < inputs; ++i) exact += static_cast<double>(x[i]) * weight[i];
  EXPECT_NEAR(y[0], exact, 2e-5);
}

TEST(DenseLayerInt8Test, ABiasOfMinusInfinityRulesAnOutputOut) {
  const std::vector<float> weight = Randoms(8, 7), x = Randoms(4, 8);
  const std::vector<float> bias = {0, -INFINITY};
  for (const Precision precision : {Precision::kFloat32, Precision::kBfloat16, Precision::kInt8}) {
    const DenseLayer layer(weight.data(), bias.data(), 2, 4, precision);
    Scratch scratch;
    std::vector<float> y(2);
    float largest;
    layer(x.data(), 1, y.data(), scratch, &largest);
    EXPECT_EQ(y[1], -INFINITY);
    EXPECT_EQ(largest, y[0]);
  }
}

}  // namespace
}  // namespace idiolect
