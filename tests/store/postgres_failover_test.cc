// A primary with a synchronous standby, and what becomes of the calls when either of them dies.
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "store/postgres_store.h"
#include "tests/store/store_fixture.h"
#include "tests/support/postgres_cluster.h"

namespace idiolect {
namespace {

using testing::ElementsAre;

constexpr auto kUnavailable = absl::StatusCode::kUnavailable;

// Each test leaves a primary and a standby in step behind.
class PostgresFailoverTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (PostgresCluster::Obstacle().empty()) {
      cluster_ = std::make_unique<PostgresCluster>(PostgresCluster::Standby::kSynchronous);
    }
  }
  static void TearDownTestSuite() { cluster_ = nullptr; }

  PostgresFailoverTest() {
    cluster_->Query("DROP SCHEMA IF EXISTS idiolect, idiolect_keys CASCADE");
    options_.database_timeout = absl::Seconds(1);
    store_ = Value(PostgresStore::Open(cluster_->Url(), options_));
  }
  absl::StatusOr<AppendResult> Append(const std::string& text) {
    return store_->Append(User("ann"), Said("hi", text), text);
  }
  // All that a fast machine appends before the kill.
  std::vector<std::string> Recent() { return Responses(Value(store_->Recent(User("ann"), 1'000'000)).exchanges); }

  static std::unique_ptr<PostgresCluster> cluster_;
  StoreOptions options_;
  std::unique_ptr<HistoryStore> store_;
};

std::unique_ptr<PostgresCluster> PostgresFailoverTest::cluster_;

TEST_F(PostgresFailoverTest, StandbyHasWhatWasAcknowledged) {
  std::vector<std::string> acknowledged;
  std::thread killer([this] {
    absl::SleepFor(absl::Milliseconds(300));
    cluster_->KillPrimary();
  });
  absl::Status status;
  for (int i = 0; status.ok(); ++i) {
    status = Append(absl::StrCat(i)).status();
    if (status.ok()) acknowledged.push_back(absl::StrCat(i));
  }
  killer.join();
  EXPECT_EQ(status.code(), kUnavailable) << status;
  EXPECT_EQ(Append("meanwhile").status().code(), kUnavailable);
  EXPECT_EQ(store_->Recent(User("ann"), 1).status().code(), kUnavailable);
  EXPECT_EQ(store_->Ping().code(), kUnavailable);
  cluster_->Promote();
  EXPECT_TRUE(store_->Ping().ok());
  // What was not answered is repeated, and is there once.
  const std::string open = absl::StrCat(acknowledged.size());
  EXPECT_TRUE(Append(open).ok());
  acknowledged.push_back(open);
  EXPECT_EQ(Recent(), acknowledged);
  cluster_->RebuildStandby();
}

TEST_F(PostgresFailoverTest, NothingIsAcknowledgedWithoutTheStandby) {
  ASSERT_TRUE(Append("both").ok());
  cluster_->KillStandby();
  // PostgreSQL gives up waiting and commits, which must not pass for an answer: neither the first nor a repeated one.
  EXPECT_EQ(Append("one alone").status().code(), kUnavailable);
  EXPECT_EQ(Append("one alone").status().code(), kUnavailable);
  EXPECT_TRUE(store_->Ping().ok());
  cluster_->StartStandby();
  EXPECT_TRUE(Value(Append("one alone")).duplicate);
  EXPECT_THAT(Recent(), ElementsAre("both", "one alone"));
}

}  // namespace
}  // namespace idiolect
