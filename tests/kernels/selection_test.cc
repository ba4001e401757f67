// Selection without sorting, against sorting.
#include "kernels/selection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace idiolect {
namespace {

// Weights with many equals and zeros.
std::vector<float> Weights(int n, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<float> weights(n);
  for (float& w : weights) w = static_cast<float>(random() % 50) * static_cast<float>(random() % 3);
  return weights;
}

std::vector<int32_t> Sorted(const std::vector<float>& weights) {
  std::vector<int32_t> order(weights.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return weights[a] > weights[b]; });
  return order;
}

constexpr int kLengths[] = {1, 5, 16, 17, 64, 257, 1024, 1025, 4099};

TEST(SelectionTest, MassAboveIsThatOfTheSortedPrefix) {
  for (const int n : kLengths) {
    const std::vector<float> weights = Weights(n, n);
    EXPECT_NEAR(MassAbove(weights.data(), n, kBehindAll), std::accumulate(weights.begin(), weights.end(), 0.0), 1e-3);
    double mass = 0;
    for (const int32_t id : Sorted(weights)) {
      ASSERT_NEAR(MassAbove(weights.data(), n, {weights[id], id}), mass, 1e-3);
      mass += weights[id];
    }
  }
}

TEST(SelectionTest, KthPlaceAndFirstPlacesAreThoseOfSorting) {
  for (const int n : kLengths) {
    const std::vector<float> weights = Weights(n, 2 * n);
    const std::vector<int32_t> order = Sorted(weights);
    const auto possible =
        static_cast<int>(std::count_if(weights.begin(), weights.end(), [](float w) { return w > 0; }));
    for (const int k : {1, 2, 3, 16, 17, 300, n}) {
      const Place place = KthPlace(weights.data(), n, k);
      const std::vector<Place> first = FirstPlaces(weights.data(), n, k);
      ASSERT_EQ(first.size(), static_cast<size_t>(std::min(k, possible)));
      for (size_t i = 0; i < first.size(); ++i) ASSERT_EQ(first[i].index, order[i]);
      if (k > possible) {
        ASSERT_EQ(place.weight, kBehindAll.weight);
        continue;
      }
      ASSERT_EQ(place.index, order[k - 1]);
      std::vector<float> kept = weights;
      KeepUpTo(kept.data(), n, place);
      ASSERT_EQ(std::count_if(kept.begin(), kept.end(), [](float w) { return w > 0; }), k);
    }
  }
}

TEST(SelectionTest, PickAboveFindsWhereTheRunningSumPasses) {
  for (const int n : kLengths) {
    const std::vector<float> weights = Weights(n, 3 * n);
    const std::vector<int32_t> order = Sorted(weights);
    for (const int above : {0, 1, n / 3, n - 1}) {
      if (above >= n) continue;
      const Place place = above == 0 ? kBehindAll : Place{weights[order[above]], order[above]};
      const double mass = MassAbove(weights.data(), n, place);
      if (mass == 0) continue;
      for (const double share : {0.0, 0.1, 0.5, 0.9, 0.999999}) {
        const int32_t picked = PickAbove(weights.data(), n, place, share * mass);
        double before = 0;  // of those above the place that come earlier by index
        for (int i = 0; i < picked; ++i) {
          const bool is_above = weights[i] > place.weight || (weights[i] == place.weight && i < place.index);
          if (is_above) before += weights[i];
        }
        ASSERT_GT(weights[picked], 0);
        ASSERT_LE(before, share * mass + 1e-3);
        ASSERT_GT(before + weights[picked], share * mass - 1e-3);
      }
    }
  }
}

TEST(SelectionTest, ATargetBeyondTheMassFindsTheLast) {
  const std::vector<float> weights = {0, 3, 0, 2, 0};
  EXPECT_EQ(PickAbove(weights.data(), 5, kBehindAll, 100), 3);
}

}  // namespace
}  // namespace idiolect
