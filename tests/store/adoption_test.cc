// A user taken over from another store is the same user: sequences, times, revision, and what comes next.
#include <string>
#include <vector>

#include "tests/store/store_fixture.h"

namespace idiolect {
namespace {

using testing::ElementsAre;

class AdoptionTest : public StoreTest, public testing::WithParamInterface<StoreKind> {
 protected:
  AdoptionTest() : StoreTest(GetParam()) {}
};

INSTANTIATE_TEST_SUITE_P(Stores, AdoptionTest, testing::ValuesIn(TestedKinds()), KindName);

TEST_P(AdoptionTest, UserGoesOnAsInTheOtherStore) {
  TestedStore other(StoreKind::kMemory);
  for (HistoryStore* store : {&*store_, &*other}) {
    if (store == &*other) {
      const History history = Value(store_->Recent(User("ann"), 100));
      ASSERT_TRUE(other->Adopt(User("ann"), history.revision, history.exchanges).ok());
    } else {
      for (int i = 1; i <= 5; ++i) AppendAt("ann", absl::StrCat("text ", i), 100 - i);
      Value(store->Delete(User("ann"), 2, ""));
      Value(store->Delete(User("ann"), 5, ""));
    }
  }
  const History before = Value(store_->Recent(User("ann"), 100));
  EXPECT_EQ(Value(other->Recent(User("ann"), 100)).exchanges, before.exchanges);
  const UserSummary here = Summary("ann"), there = Value(other->Summary(User("ann")));
  EXPECT_EQ(there.first_time, here.first_time);
  EXPECT_EQ(there.last_time, here.last_time);
  EXPECT_EQ(there.exchange_count, 3);
  const AppendResult next = Value(other->Append(User("ann"), Said("", "next"), ""));
  EXPECT_EQ(next.exchange.sequence, 6);
  EXPECT_EQ(next.revision, before.revision + 1);
}

TEST_P(AdoptionTest, UserWithoutExchangesKeepsTheRevision) {
  ASSERT_TRUE(store_->Adopt(User("ann"), 4, {}).ok());
  EXPECT_EQ(Summary("ann").revision, 4);
  EXPECT_EQ(Append("ann", "", "x").exchange.sequence, 3) << "two were there and deleted";
}

TEST_P(AdoptionTest, UserThatIsThereStays) {
  Append("ann", "", "mine");
  EXPECT_EQ(store_->Adopt(User("ann"), 2, {}).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(Recent("ann"), ElementsAre("mine"));
}

TEST_P(AdoptionTest, HistoryThatCannotBeIsRefused) {
  const auto code = [&](int64_t revision, std::vector<int64_t> sequences) {
    std::vector<Exchange> exchanges;
    for (int64_t sequence : sequences) {
      exchanges.push_back(Said("", "x"));
      exchanges.back().sequence = sequence;
    }
    return store_->Adopt(User("ann"), revision, exchanges).code();
  };
  EXPECT_EQ(code(1, {0}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(2, {1, 1}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(2, {1, 3}), absl::StatusCode::kInvalidArgument) << "3 appends need a deletion";
  EXPECT_EQ(code(2, {1}), absl::StatusCode::kInvalidArgument) << "half an append";
  EXPECT_EQ(code(4, {1, 3}), absl::StatusCode::kOk);
}

TEST_P(AdoptionTest, TenantsAreListed) {
  EXPECT_THAT(Value(store_->ListTenants()), ElementsAre());
  for (const char* tenant : {"b", "a", "c"}) {
    for (const char* user : {"x", "y"}) Value(store_->Append(User(user, tenant), Said("", "x"), ""));
  }
  EXPECT_THAT(Value(store_->ListTenants()), ElementsAre("a", "b", "c"));
}

}  // namespace
}  // namespace idiolect
