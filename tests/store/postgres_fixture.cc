#include "tests/store/postgres_fixture.h"

#include <memory>

#include "tests/store/store_fixture.h"

namespace idiolect {
namespace {

std::unique_ptr<PostgresCluster> cluster;

class ClusterEnvironment : public testing::Environment {
 public:
  void SetUp() override {
    const std::string obstacle = PostgresCluster::Obstacle();
    if (!obstacle.empty()) GTEST_SKIP() << obstacle;
    cluster = std::make_unique<PostgresCluster>();
  }
  void TearDown() override { cluster = nullptr; }
};

const auto* const environment = testing::AddGlobalTestEnvironment(new ClusterEnvironment);

}  // namespace

PostgresCluster& SharedCluster() { return *cluster; }

std::vector<StoreKind> TestedKinds() { return {StoreKind::kPostgres}; }

std::string EmptyPostgresUrl() {
  SharedCluster().Query("DROP SCHEMA IF EXISTS idiolect, idiolect_keys CASCADE");
  return SharedCluster().Url();
}

}  // namespace idiolect
