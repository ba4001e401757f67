#include "inference/vector_table.h"

#include <gtest/gtest.h>

#include <cmath>

namespace idiolect {
namespace {

std::vector<float> Row(int d, int seed) {
  std::vector<float> row(d);
  for (int i = 0; i < d; ++i) row[i] = std::sin(static_cast<float>(i * 7 + seed * 13));
  return row;
}

class VectorTableTest : public ::testing::TestWithParam<Precision> {};

TEST_P(VectorTableTest, ReadsWhatWasAppended) {
  constexpr int kD = 19;
  VectorTable table(kD, GetParam(), 4);
  for (int i = 0; i < 4; ++i) table.Append(Row(kD, i).data());
  const double tolerance = GetParam() == Precision::kInt8 ? 0.005 : 0;
  const std::vector<float> floats = table.ToFloats();
  for (int i = 0; i < 4 * kD; ++i) ASSERT_NEAR(floats[i], Row(kD, i / kD)[i % kD], tolerance);

  const std::vector<float> query = Row(kD, 9);
  float dots[4];
  table.Dot(query.data(), 0.5f, dots);
  const float weights[] = {0.1f, 0.2f, 0.3f, 0.4f};
  std::vector<float> sum(kD, 1.0f);
  table.AddWeighted(weights, sum.data());
  for (int i = 0; i < 4; ++i) {
    double dot = 0;
    for (int k = 0; k < kD; ++k) dot += 0.5 * query[k] * floats[i * kD + k];
    EXPECT_NEAR(dots[i], dot, 1e-4);
  }
  for (int k = 0; k < kD; ++k) {
    double expected = 1;
    for (int i = 0; i < 4; ++i) expected += weights[i] * floats[i * kD + k];
    EXPECT_NEAR(sum[k], expected, 1e-5);
  }
}

TEST_P(VectorTableTest, ARowTakenOverIsTheVeryRow) {
  VectorTable table(8, GetParam(), 3), copy(8, GetParam(), 1);
  for (int i = 0; i < 3; ++i) table.Append(Row(8, i).data());
  copy.AppendFrom(table, 2);
  EXPECT_EQ(copy.rows(), 1);
  const std::vector<float> all = table.ToFloats();
  EXPECT_EQ(copy.ToFloats(), std::vector<float>(all.begin() + 16, all.end()));
}

// Large tables come from the system, in whole pages.
TEST_P(VectorTableTest, ALargeTableHoldsItsRowsAndLittleMore) {
  constexpr int kD = 300, kRows = 299;
  VectorTable table(kD, GetParam(), kRows);
  for (int i = 0; i < kRows; ++i) table.Append(Row(kD, i).data());
  const VectorTable moved = std::move(table);
  VectorTable last(kD, GetParam(), 1);
  last.Append(Row(kD, kRows - 1).data());
  const std::vector<float> all = moved.ToFloats();
  ASSERT_EQ(all.size(), size_t{kRows} * kD);
  EXPECT_EQ(last.ToFloats(), std::vector<float>(all.end() - kD, all.end()));
  const int64_t numbers = int64_t{kRows} * (GetParam() == Precision::kInt8 ? kD + sizeof(float) : kD * sizeof(float));
  EXPECT_GE(moved.byte_size(), numbers);
  EXPECT_LT(moved.byte_size(), numbers + 4096);
}

TEST_P(VectorTableTest, AnEmptyTableHasNothing) {
  const VectorTable table(8, GetParam(), 0);
  std::vector<float> sum(8, 2.0f), query(8, 1.0f);
  table.Dot(query.data(), 1, nullptr);
  table.AddWeighted(nullptr, sum.data());
  EXPECT_EQ(sum, std::vector<float>(8, 2.0f));
}

INSTANTIATE_TEST_SUITE_P(Precisions, VectorTableTest,
                         ::testing::Values(Precision::kFloat32, Precision::kBfloat16, Precision::kInt8),
                         [](const auto& info) { return std::string(PrecisionName(info.param)); });

}  // namespace
}  // namespace idiolect
