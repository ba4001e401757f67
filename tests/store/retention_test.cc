// Exchanges that may not stay are deleted for good, each moving the revision, and the news is told.
#include <string>
#include <vector>

#include "store/sqlite_connection.h"
#include "tests/store/store_fixture.h"
#include "tests/support/raw_bytes.h"

namespace idiolect {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

constexpr int64_t kNow = 1'000'000;  // of the fixture's clock

class RetentionTest : public StoreTest {
 protected:
  RetentionTest() : StoreTest(StoreKind::kSqlite) {
    store_.options().prune_interval = absl::Milliseconds(1);
    store_.options().on_deletion = [this](const UserKey& user) {
      const std::lock_guard lock(mutex_);
      told_.push_back(user.user_id);
    };
  }
  std::vector<std::string> Told() {
    const std::lock_guard lock(mutex_);
    return told_;
  }
  // Opens the store with the options as they are, and waits for its sweeps.
  template <typename Done>
  void AwaitSweep(Done done) {
    store_.Reopen();
    for (int i = 0; i < 200 && !done(); ++i) absl::SleepFor(absl::Milliseconds(25));
    ASSERT_TRUE(done());
  }

  std::mutex mutex_;
  std::vector<std::string> told_;
};

TEST_F(RetentionTest, OldExchangesGoAndYoungOnesStay) {
  const std::string old = "a text that must not live for so long";
  AppendAt("ann", old, kNow - 101);
  AppendAt("ann", "young", kNow - 99);
  AppendAt("ann", old, kNow - 5000);
  AppendAt("bob", "young", kNow);
  store_.options().time_to_live[""] = absl::Seconds(100);
  AwaitSweep([&] { return Summary("ann").exchange_count == 1; });
  EXPECT_THAT(Recent("ann"), ElementsAre("young"));
  EXPECT_EQ(Summary("ann").revision, 5) << "three appends, two deletions";
  EXPECT_EQ(Summary("ann").first_time, absl::FromUnixSeconds(kNow - 99));
  EXPECT_EQ(Summary("bob").revision, 1);
  store_.Close();
  EXPECT_EQ(CountPieces(store_.folder().path(), old), 0);
  EXPECT_THAT(Told(), ElementsAre("ann"));
}

TEST_F(RetentionTest, TenantHasATimeOfItsOwn) {
  for (const char* tenant : {"a", "b", "c"}) Value(store_->Append(User("ann", tenant), Said("", "x", kNow - 50), ""));
  store_.options().time_to_live = {{"a", absl::Seconds(100)}, {"", absl::Seconds(10)}, {"c", absl::InfiniteDuration()}};
  const auto count = [&](const char* tenant) { return Value(store_->Summary(User("ann", tenant))).exchange_count; };
  AwaitSweep([&] { return count("b") == 0; });
  EXPECT_EQ(count("a"), 1);
  EXPECT_EQ(count("c"), 1);
}

TEST_F(RetentionTest, LongHistoriesLoseTheirFirstExchanges) {
  for (int i = 1; i <= 10; ++i) AppendAt("ann", std::to_string(i), kNow - i);
  for (int i = 1; i <= 3; ++i) AppendAt("bob", std::to_string(i), kNow);
  store_.options().max_exchanges_per_user = 3;
  AwaitSweep([&] { return Summary("ann").exchange_count == 3; });
  EXPECT_THAT(Recent("ann"), ElementsAre("8", "9", "10"));
  EXPECT_EQ(Summary("ann").revision, 17);
  EXPECT_EQ(AppendAt("ann", "11", kNow).exchange.sequence, 11);
  EXPECT_EQ(Recent("bob").size(), 3);
}

TEST_F(RetentionTest, MuchIsDeletedInSteps) {
  std::vector<ImportRecord> records(12000, {User("ann"), Said("", "x", 1), ""});
  Value(store_->Import(records));
  AppendAt("bob", "x", 1);
  store_.options().time_to_live[""] = absl::Seconds(100);
  AwaitSweep([&] { return Summary("ann").exchange_count + Summary("bob").exchange_count == 0; });
  EXPECT_EQ(Summary("ann").revision, 24000);
  EXPECT_THAT(Told(), UnorderedElementsAre("ann", "ann", "ann", "bob"));
}

TEST_F(RetentionTest, OldRequestIdsGoWithoutWaitingForTheNextTurn) {
  std::vector<ImportRecord> records;
  for (int i = 0; i < 25000; ++i) records.push_back({User("ann"), Said("", "x", kNow), std::to_string(i)});
  Value(store_->Import(records));
  store_.Advance(absl::Hours(25));
  store_.options().prune_interval = absl::Minutes(1);
  const auto remembered = [this] {
    const auto connection = Value(SqliteConnection::Open(store_.path(), absl::Seconds(1)));
    return Value(connection->QueryInteger("SELECT count(*) FROM requests"));
  };
  EXPECT_EQ(remembered(), 25000);
  store_.Reopen();
  AppendAt("bob", "wakes the writer", kNow);
  for (int i = 0; i < 200 && remembered() > 0; ++i) absl::SleepFor(absl::Milliseconds(25));
  EXPECT_EQ(remembered(), 0);
  EXPECT_EQ(Summary("ann").revision, 25000) << "exchanges stay";
}

}  // namespace
}  // namespace idiolect
