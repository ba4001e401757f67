#include "kernels/quantized.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace idiolect {
namespace {

std::vector<float> Randoms(int n, float range) {
  std::mt19937 random(n);
  std::uniform_real_distribution<float> uniform(-range, range);
  std::vector<float> values(n);
  for (float& v : values) v = uniform(random);
  return values;
}

TEST(QuantizedTest, RowsComeBackWithinHalfAStep) {
  for (const int n : {1, 15, 16, 17, 300}) {
    for (const float range : {1e-6f, 1.0f, 1e6f}) {
      const std::vector<float> x = Randoms(n, range);
      std::vector<int8_t> bytes(n);
      std::vector<uint8_t> activations(n);
      const float scale = QuantizeRow(x.data(), n, bytes.data());
      const float activation_scale = QuantizeActivations(x.data(), n, 63, activations.data());
      for (int i = 0; i < n; ++i) {
        ASSERT_NEAR(bytes[i] * scale, x[i], 0.501f * scale);
        ASSERT_NEAR((activations[i] - 64) * activation_scale, x[i], 0.501f * activation_scale);
        ASSERT_LE(std::abs(activations[i] - 64), 63);
      }
    }
  }
}

TEST(QuantizedTest, ARowOfZerosHasNoScale) {
  const std::vector<float> zeros(20, 0.0f);
  std::vector<int8_t> bytes(20, 5);
  EXPECT_EQ(QuantizeRow(zeros.data(), 20, bytes.data()), 0);
  EXPECT_EQ(bytes, std::vector<int8_t>(20, 0));
}

TEST(QuantizedTest, DotBytesIsTheDotProduct) {
  for (const int n : {1, 7, 16, 300, 5000}) {
    const std::vector<float> query = Randoms(n, 2), row = Randoms(n, 3);
    std::vector<int8_t> bytes(2 * n);
    const float scales[] = {QuantizeRow(row.data(), n, bytes.data()), QuantizeRow(query.data(), n, bytes.data() + n)};
    float out[2];
    DotBytes(query.data(), bytes.data(), scales, 2, n, 0.5f, out);
    for (int r = 0; r < 2; ++r) {
      double exact = 0, length = 0;
      for (int i = 0; i < n; ++i) {
        exact += 0.5 * query[i] * bytes[r * n + i] * scales[r];
        length += std::abs(query[i] * bytes[r * n + i] * scales[r]);
      }
      EXPECT_NEAR(out[r], exact, 1e-3 * length + 1e-6);
    }
  }
}

TEST(QuantizedTest, Bfloat16RoundsToTheNearestEven) {
  const float x[] = {1.0f, 1.00390625f /* half way, down to even */, 1.01171875f /* half way, up */, -3.14159f};
  uint16_t out[4];
  ToBfloat16(x, 4, out);
  EXPECT_EQ(out[0], 0x3F80);
  EXPECT_EQ(out[1], 0x3F80);
  EXPECT_EQ(out[2], 0x3F82);
  EXPECT_EQ(out[3], 0xC049);
}

}  // namespace
}  // namespace idiolect
