#include "train/batcher.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/support/fixtures.h"
#include "tests/train/tiny_corpus.h"
#include "text/held_out_users.h"

namespace idiolect {
namespace {

class BatcherTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_ = testing::TinyTraining();
    tokenizer_ = *Tokenizer::Load(options_.work + "/tokenizer.model");
    auto corpus = LoadCorpus(options_.data, *tokenizer_, options_.model);
    ASSERT_TRUE(corpus.ok()) << corpus.status();
    corpus_ = *std::move(corpus);
  }

  static bool Same(const TrainBatch& a, const TrainBatch& b) {
    if (a.posts != b.posts || a.responses != b.responses || a.real != b.real || a.windows.size() != b.windows.size())
      return false;
    for (size_t i = 0; i < a.windows.size(); ++i) {
      if (a.windows[i].posts != b.windows[i].posts || a.windows[i].responses != b.windows[i].responses) return false;
    }
    return true;
  }

  TrainOptions options_;
  std::unique_ptr<Tokenizer> tokenizer_;
  Corpus corpus_;
};

TEST_F(BatcherTest, ABatchDependsOnSeedAndStepAlone) {
  const Batcher one(corpus_, options_), two(corpus_, options_);
  std::vector<TrainBatch> forward;
  for (int64_t step = 0; step < 20; ++step) forward.push_back(one.BatchOf(step));
  for (int64_t step = 19; step >= 0; --step) EXPECT_TRUE(Same(two.BatchOf(step), forward[step])) << step;
  TrainOptions other = options_;
  other.seed = 8;
  int same = 0;
  for (int64_t step = 0; step < 20; ++step) same += Same(Batcher(corpus_, other).BatchOf(step), forward[step]);
  for (int64_t step = 1; step < 20; ++step) same += Same(forward[step], forward[step - 1]);
  EXPECT_EQ(same, 0);
  EXPECT_FALSE(Same(one.BatchOf(1), one.BatchOf((int64_t{1} << 32) + 1)));  // all of the step counts
}

TEST_F(BatcherTest, ABatchHasItsShape) {
  const Batcher batcher(corpus_, options_);
  std::set<size_t> window_sizes;
  for (int64_t step = 0; step < 100; ++step) {
    const TrainBatch batch = batcher.BatchOf(step);
    ASSERT_EQ(batch.windows.size(), 3u);
    ASSERT_EQ(batch.posts.size(), 12u);
    ASSERT_EQ(batch.responses.size(), 12u);
    EXPECT_EQ(batch.real_rows, std::count(batch.real.begin(), batch.real.end(), true));
    for (size_t g = 0; g < 3; ++g) EXPECT_TRUE(batch.real[4 * g]);  // every group has a target
    for (const HistoryTokens& window : batch.windows) {
      EXPECT_LE(window.size(), 4u);
      window_sizes.insert(window.size());
    }
  }
  EXPECT_EQ(window_sizes, (std::set<size_t>{0, 1, 2, 3, 4}));
}

TEST_F(BatcherTest, WithoutContrastABlockIsOneWindow) { EXPECT_EQ(Batcher(corpus_, options_).BatchOf(3).block, 1); }

TEST_F(BatcherTest, ABlockIsOfOneSource) {
  options_.groups = 6;
  options_.contrast_windows = 3;
  options_.post_contrast = 1;
  for (size_t i = 0; i < corpus_.users.size(); ++i) corpus_.users[i].source = std::string(1, i < 2 ? 'a' : 'b');
  std::map<std::vector<int32_t>, size_t> owner;  // each user's responses are theirs alone
  for (size_t i = 0; i < corpus_.users.size(); ++i) {
    for (const TokenPair& pair : corpus_.users[i].pairs) owner[pair.response] = i;
  }
  const Batcher batcher(corpus_, options_);
  std::map<std::string, int> sources;
  int with_rival = 0;
  for (int64_t step = 0; step < 50; ++step) {
    const TrainBatch batch = batcher.BatchOf(step);
    ASSERT_EQ(batch.block, 3);
    for (int64_t g = 0; g < 6; ++g) {
      EXPECT_EQ(batch.users[g], owner.at(batch.responses[g * batch.targets()]));
      EXPECT_EQ(corpus_.users[batch.users[g]].source, corpus_.users[batch.users[g - g % 3]].source);
      with_rival += batch.users[g] != batch.users[g - g % 3];
    }
    sources[corpus_.users[batch.users[0]].source] += 1;
  }
  EXPECT_EQ(sources.size(), 2u);
  EXPECT_GT(with_rival, 100);  // of 200 that aren't first: 2/3 are of "b", where 3 of 4 draws find another user
}

TEST_F(BatcherTest, AUserWithOneExchangeFillsAGroup) {
  for (UserCorpus& user : corpus_.users) user.train_end = 1;
  const TrainBatch batch = Batcher(corpus_, options_).BatchOf(0);
  EXPECT_EQ(batch.real_rows, 3);
  EXPECT_EQ(batch.responses.size(), 12u);
}

TEST_F(BatcherTest, HeldOutUsersAreNotInTheCorpus) {
  const double share = 0.5;
  const auto corpus = LoadCorpus(options_.data, *tokenizer_, options_.model, share);
  ASSERT_TRUE(corpus.ok()) << corpus.status();
  size_t held_out = 0;
  for (int i = 0; i < 6; ++i) held_out += IsHeldOut("synthetic", "user" + std::to_string(i), share);
  EXPECT_GT(held_out, 0u);
  EXPECT_EQ(corpus->users.size(), 6 - held_out);
}

TEST_F(BatcherTest, TheLastTenthOfAUserIsHeldOut) {
  ASSERT_EQ(corpus_.users.size(), 6u);
  EXPECT_EQ(corpus_.train_pairs, 6 * 27);
  EXPECT_EQ(corpus_.valid_pairs, 6 * 3);
  for (const UserCorpus& user : corpus_.users) {
    EXPECT_EQ(user.train_end, 27u);
    EXPECT_EQ(user.Window(2, 4).size(), 2u);
    EXPECT_EQ(user.Window(10, 4).responses.back(), user.pairs[9].response);
    EXPECT_EQ(user.Window(0, 4).size(), 0u);
  }
}

}  // namespace
}  // namespace idiolect
