#include "eval/test_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/str_cat.h"
#include "tests/support/fixtures.h"
#include "text/held_out_users.h"

namespace idiolect {
namespace {

class TestSetTest : public ::testing::Test {
 protected:
  void Add(const std::string& user, int time, const std::string& split, const std::string& source = "s") {
    std::ofstream(path_, std::ios::app) << nlohmann::json{{"user", user},
                                                          {"post", absl::StrCat(user, " post ", time)},
                                                          {"response", absl::StrCat(user, " says ", time)},
                                                          {"time", time},
                                                          {"source", source},
                                                          {"split", split}}
                                               .dump()
                                        << "\n";
  }
  TestSet Load(TestSetOptions options = {}) {
    options.data = {path_};
    auto set = TestSet::Load(options);
    EXPECT_TRUE(set.ok()) << set.status();
    return *std::move(set);
  }

  const std::string path_ = testing::MakeTempDir() + "/data.jsonl";
};

TEST_F(TestSetTest, TheWantedSplitIsPredictedFromWhatCameBefore) {
  Add("ann", 30, "test");
  Add("ann", 10, "train");
  Add("ann", 20, "valid");
  Add("ann", 5, "train");
  const TestSet test = Load();
  ASSERT_EQ(test.users().size(), 1u);
  EXPECT_EQ(test.users()[0].first_target, 3u);
  EXPECT_EQ(test.users()[0].exchanges[0].response, "ann says 5");
  EXPECT_EQ(test.users()[0].exchanges[3].response, "ann says 30");
  const TestSet valid = Load({.data = {}, .split = "valid", .users = 0, .limit = 0, .seed = 1});
  EXPECT_EQ(valid.users()[0].exchanges.size(), 3u);
  EXPECT_EQ(valid.users()[0].first_target, 2u);
}

TEST_F(TestSetTest, WithoutSplitsTheLastTenthIsPredicted) {
  for (int i = 0; i < 35; ++i) Add("ann", i, "");
  for (int i = 0; i < 500; ++i) Add("ben", i, "");
  for (int i = 0; i < 9; ++i) Add("cat", i, "");
  const TestSet set = Load();
  EXPECT_EQ(set.users()[0].first_target, 32u);
  EXPECT_EQ(set.users()[1].first_target, 480u);
  EXPECT_EQ(set.users()[2].first_target, 9u);
  EXPECT_EQ(set.example_count(), 23);
  EXPECT_EQ(set.chosen().size(), 2u);
}

TEST_F(TestSetTest, NothingToPredictIsAnError) {
  Add("ann", 1, "train");
  TestSetOptions options;
  options.data = {path_};
  EXPECT_TRUE(absl::IsInvalidArgument(TestSet::Load(options).status()));
  options.split = "all";
  EXPECT_THAT(std::string(TestSet::Load(options).status().message()), ::testing::HasSubstr("split: expected"));
  options.data = {path_ + ".none"};
  options.split = "test";
  EXPECT_TRUE(absl::IsNotFound(TestSet::Load(options).status()));
}

class ManyUsersTest : public TestSetTest {
 protected:
  void SetUp() override {
    for (int user = 0; user < 30; ++user) {
      for (int i = 0; i < 4; ++i)
        Add(absl::StrCat("u", user), i, i < 2 ? "train" : "test", user < 20 ? "big" : "small");
    }
  }
};

TEST_F(ManyUsersTest, RivalsAreOthersOfTheSameSource) {
  const TestSet set = Load();
  for (size_t u = 0; u < set.users().size(); ++u) {
    const auto rivals = set.RivalUsers(u);
    EXPECT_EQ(rivals.size(), 9u);
    EXPECT_EQ(std::set<size_t>(rivals.begin(), rivals.end()).size(), 9u);
    for (const size_t rival : rivals) {
      EXPECT_NE(rival, u);
      EXPECT_EQ(set.users()[rival].source, set.users()[u].source);
    }
    for (const auto& places : {set.RivalResponses({u, 2}), set.RivalPosts({u, 2})}) {
      EXPECT_EQ(places.size(), 9u);
      for (const TargetPlace& place : places) {
        EXPECT_NE(place.user, u);
        EXPECT_GE(place.index, 2u);
        EXPECT_EQ(set.users()[place.user].source, set.users()[u].source);
      }
    }
  }
}

TEST_F(ManyUsersTest, ASampleHasTheExamplesThatTheWholeHas) {
  const TestSet whole = Load(), few = Load({.data = {}, .split = "test", .users = 7, .limit = 0, .seed = 1});
  EXPECT_EQ(whole.chosen().size(), 30u);
  ASSERT_EQ(few.chosen().size(), 7u);
  for (const size_t u : few.chosen()) EXPECT_EQ(few.RivalUsers(u), whole.RivalUsers(u));
  const TestSet limited = Load({.data = {}, .split = "test", .users = 0, .limit = 9, .seed = 1});
  EXPECT_EQ(limited.example_count(), 10);  // users are whole
  const TestSet other = Load({.data = {}, .split = "test", .users = 7, .limit = 0, .seed = 2});
  EXPECT_NE(other.chosen(), few.chosen());
  EXPECT_NE(other.RivalUsers(0), few.RivalUsers(0));
}

TEST_F(ManyUsersTest, UnseenUsersAreThoseWhomTrainingLeavesOut) {
  TestSetOptions options;
  options.unseen_users = 0.3;
  const TestSet set = Load(options);
  EXPECT_GT(set.chosen().size(), 2u);
  EXPECT_LT(set.chosen().size(), 20u);
  for (size_t u = 0; u < set.users().size(); ++u) {
    const bool chosen = std::count(set.chosen().begin(), set.chosen().end(), u) > 0;
    EXPECT_EQ(chosen, IsHeldOut(set.users()[u].source, set.users()[u].name, 0.3));
  }
  options.data = {path_};
  options.unseen_users = 1e-12;
  EXPECT_TRUE(absl::IsInvalidArgument(TestSet::Load(options).status()));
}

TEST_F(TestSetTest, AloneNobodyHasRivals) {
  for (int i = 0; i < 20; ++i) Add("ann", i, "");
  const TestSet set = Load();
  EXPECT_TRUE(set.RivalUsers(0).empty());
  EXPECT_TRUE(set.RivalPosts({0, 18}).empty());
}

}  // namespace
}  // namespace idiolect
