#include "bench/workload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "tests/support/temp_folder.h"

namespace idiolect {
namespace {

TEST(WorkloadTest, MadeUpHistoriesAreAsLargeAsAsked) {
  const Workload workload = Workload::Synthetic(
      {.users = 3, .exchanges = 4, .post_tokens = 6, .response_tokens = 5, .vocab_words = 90, .seed = 1});
  ASSERT_EQ(workload.users().size(), 3u);
  const auto words = [](const std::string& text) { return 1 + std::count(text.begin(), text.end(), ' '); };
  for (const BenchUser& user : workload.users()) {
    ASSERT_EQ(user.exchanges.size(), 4u);
    EXPECT_EQ(user.exchanges.back().sequence, 4);
    EXPECT_EQ(words(user.exchanges[0].post), 5);  // and the end mark
    EXPECT_EQ(words(user.exchanges[0].response), 4);
  }
  EXPECT_NE(workload.users()[0].exchanges[0].response, workload.users()[1].exchanges[0].response);
}

TEST(WorkloadTest, OfAFileTheLastPostIsToBeAnswered) {
  const TempFolder folder;
  const std::string path = (folder.path() / "talk.jsonl").string();
  std::ofstream(path) << R"({"user": "ada", "time": 1, "post": "tea?", "response": "always"}
{"user": "bo", "time": 2, "post": "rain?", "response": "again"}
{"user": "ada", "time": 3, "post": "cake?", "response": "later"}
{"user": "cy", "time": 4, "post": "up?", "response": "no"}
)";
  const auto workload = Workload::FromFile(path, 2);
  ASSERT_TRUE(workload.ok()) << workload.status();
  ASSERT_EQ(workload->users().size(), 2u);
  EXPECT_EQ(workload->users()[0].key.user_id, "ada");
  ASSERT_EQ(workload->users()[0].exchanges.size(), 1u);
  EXPECT_EQ(workload->users()[0].exchanges[0].response, "always");
  EXPECT_EQ(workload->Post(0, 0), "cake?");
  EXPECT_EQ(workload->Post(1, 0), "rain?");
}

TEST(WorkloadTest, AFileWithoutExchangesIsAnError) {
  const TempFolder folder;
  const std::string path = (folder.path() / "empty.jsonl").string();
  std::ofstream(path) << "";
  EXPECT_THAT(std::string(Workload::FromFile(path, 2).status().message()), ::testing::HasSubstr(path));
}

}  // namespace
}  // namespace idiolect
