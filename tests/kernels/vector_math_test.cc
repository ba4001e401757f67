#include "kernels/vector_math.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace idiolect {
namespace {

// Lengths around the vectors' 16, and enough values to meet every branch.
constexpr int kLengths[] = {1, 2, 15, 16, 17, 31, 33, 100, 1023, 1024, 1025, 3000};

std::vector<float> Randoms(int n, float range, uint32_t seed = 1) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-range, range);
  std::vector<float> values(n);
  for (float& v : values) v = uniform(random);
  return values;
}

TEST(VectorMathTest, TanhAndGeluAgreeWithTheLibrary) {
  for (const int n : kLengths) {
    const std::vector<float> x = Randoms(n, 12);
    std::vector<float> tanh = x, gelu = x;
    Tanh(tanh.data(), n);
    Gelu(gelu.data(), n);
    for (int i = 0; i < n; ++i) {
      ASSERT_NEAR(tanh[i], std::tanh(x[i]), 3e-7) << x[i];
      ASSERT_NEAR(gelu[i], 0.5 * x[i] * (1 + std::erf(x[i] / std::sqrt(2.0))), 2e-6) << x[i];
    }
  }
}

TEST(VectorMathTest, ExtremesStayNumbers) {
  std::vector<float> x = {-1e30f, -1e4f, -90, 0, 90, 1e4f, 1e30f};
  std::vector<float> tanh = x, gelu = x;
  Tanh(tanh.data(), 7);
  Gelu(gelu.data(), 7);
  EXPECT_EQ(tanh, (std::vector<float>{-1, -1, -1, 0, 1, 1, 1}));
  EXPECT_EQ(gelu[0], 0);
  EXPECT_EQ(gelu[6], x[6]);
}

TEST(VectorMathTest, ExpSumIsTheSumAndLeavesTheTerms) {
  for (const int n : kLengths) {
    std::vector<float> x = Randoms(n, 30), y(n);
    if (n > 1) x[n / 2] = -INFINITY;
    const float shift = Max(x.data(), n) + 1;
    const double sum = ExpSum(x.data(), shift, 0.5f, n, y.data());
    double expected = 0;
    for (int i = 0; i < n; ++i) {
      const double term = std::exp((static_cast<double>(x[i]) - shift) * 0.5);
      ASSERT_NEAR(y[i], term, 3e-6 * term + 1e-37);  // of an argument in single precision
      expected += term;
    }
    EXPECT_NEAR(sum, expected, 1e-6 * expected);
    if (n > 1) {
      EXPECT_EQ(y[n / 2], 0);
    }
  }
}

TEST(VectorMathTest, SoftmaxSumsToOneAndKeepsRatios) {
  for (const int n : kLengths) {
    const std::vector<float> x = Randoms(n, 5);
    std::vector<float> y = x;
    Softmax(y.data(), 2, n);
    double sum = 0;
    for (const float v : y) sum += v;
    EXPECT_NEAR(sum, 1, 1e-5);
    EXPECT_NEAR(y[0] / y[n - 1], std::exp(2.0 * (x[0] - x[n - 1])), 1e-4 * std::exp(2.0 * (x[0] - x[n - 1])));
  }
  Softmax(nullptr, 1, 0);  // nothing to weigh
}

TEST(VectorMathTest, LayerNormHasMeanZeroAndVarianceOne) {
  for (const int n : kLengths) {
    if (n < 2) continue;
    const std::vector<float> x = Randoms(n, 3), weight(n, 1.0f), bias(n, 0.5f);
    std::vector<float> y(n);
    LayerNorm(x.data(), weight.data(), bias.data(), 0, n, y.data());
    double mean = 0, variance = 0;
    for (const float v : y) mean += v / n;
    for (const float v : y) variance += (v - mean) * (v - mean) / n;
    EXPECT_NEAR(mean, 0.5, 1e-5);
    EXPECT_NEAR(variance, 1, 1e-4);
    std::vector<float> in_place = x;
    LayerNorm(in_place.data(), weight.data(), bias.data(), 0, n, in_place.data());
    EXPECT_EQ(in_place, y);
  }
}

TEST(VectorMathTest, TheGruIsPyTorchs) {
  for (const int n : kLengths) {
    const std::vector<float> x = Randoms(3 * n, 4, 1), h = Randoms(3 * n, 4, 2);
    std::vector<float> state = Randoms(n, 1, 3), before = state;
    AdvanceGru(x.data(), h.data(), n, state.data());
    const auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
    for (int i = 0; i < n; ++i) {
      const double r = sigmoid(static_cast<double>(x[i]) + h[i]), z = sigmoid(static_cast<double>(x[n + i]) + h[n + i]);
      const double candidate = std::tanh(x[2 * n + i] + r * h[2 * n + i]);
      ASSERT_NEAR(state[i], (1 - z) * candidate + z * before[i], 2e-6);
    }
  }
}

TEST(VectorMathTest, DotAndSumsDoNotDependOnAlignment) {
  std::vector<float> memory = Randoms(4000, 1);
  for (const int n : kLengths) {
    const std::vector<float> a(memory.begin(), memory.begin() + n);
    const float reference = Dot(a.data(), a.data(), n);
    for (int shift = 1; shift < 16; ++shift) {
      std::vector<float> moved(n + shift);
      std::copy(a.begin(), a.end(), moved.begin() + shift);
      ASSERT_EQ(Dot(moved.data() + shift, moved.data() + shift, n), reference);
    }
  }
}

}  // namespace
}  // namespace idiolect
