#include "train/corpus.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/support/fixtures.h"

namespace idiolect {
namespace {

std::string Line(const std::string& user, int time, const std::string& split) {
  nlohmann::json line = {{"user", user},
                         {"post", "and now?"},
                         {"response", "it is " + std::to_string(time)},
                         {"time", time},
                         {"source", "clock"}};
  if (!split.empty()) line["split"] = split;
  return line.dump() + "\n";
}

// In order of time: one user with splits, one without.
std::vector<std::string> Lines() {
  std::vector<std::string> lines;
  for (int time = 0; time < 30; ++time) {
    lines.push_back(Line("ann", time, time < 20 ? "train" : time < 25 ? "valid" : "test"));
    lines.push_back(Line("ben", time, ""));
  }
  return lines;
}

class CorpusTest : public ::testing::Test {
 protected:
  Corpus Load(const std::vector<std::string>& lines) {
    const std::string path = testing::MakeTempDir() + "/corpus.jsonl";
    std::ofstream out(path);
    for (const std::string& line : lines) out << line;
    out.close();
    return *LoadCorpus({path}, *tokenizer_, {});
  }

  // What a user's responses are, in the order of the corpus, of those to train on and to validate.
  std::vector<std::string> Responses(const UserCorpus& user) const {
    std::vector<std::string> texts;
    for (const TokenPair& pair : user.pairs) texts.push_back(tokenizer_->Decode(pair.response));
    return texts;
  }

  const std::unique_ptr<Tokenizer> tokenizer_ = *Tokenizer::Load(testing::TinyModelDir() + "/tokenizer.model");
};

TEST_F(CorpusTest, TheOrderOfTheLinesIsOfNoMatter) {
  const Corpus ordered = Load(Lines());
  std::vector<std::string> lines = Lines();
  std::mt19937 random(3);
  std::shuffle(lines.begin(), lines.end(), random);
  const Corpus shuffled = Load(lines);
  ASSERT_EQ(ordered.users.size(), 2u);
  ASSERT_EQ(shuffled.users.size(), 2u);
  for (size_t u = 0; u < 2; ++u) {
    EXPECT_EQ(Responses(shuffled.users[u]), Responses(ordered.users[u]));
    EXPECT_EQ(shuffled.users[u].train_end, ordered.users[u].train_end);
    EXPECT_EQ(shuffled.users[u].valid_end, ordered.users[u].valid_end);
  }
}

TEST_F(CorpusTest, TheNewestValidate) {
  std::vector<std::string> lines = Lines();
  std::reverse(lines.begin(), lines.end());
  const Corpus corpus = Load(lines);
  const UserCorpus &ann = corpus.users[0], &ben = corpus.users[1];
  EXPECT_EQ(ann.train_end, 20u);
  EXPECT_EQ(ann.valid_end, 25u);
  EXPECT_EQ(ben.train_end, 27u);
  EXPECT_EQ(ben.valid_end, 30u);
  for (const UserCorpus* user : {&ann, &ben}) {
    for (size_t i = 0; i < user->valid_end; ++i) EXPECT_EQ(Responses(*user)[i], "it is " + std::to_string(i));
  }
}

TEST_F(CorpusTest, ExchangesOfOneMomentKeepTheirOrder) {
  std::vector<std::string> lines;
  for (int i = 0; i < 9; ++i) {
    nlohmann::json line = nlohmann::json::parse(Line("ann", i, ""));
    line["time"] = i < 5 ? 8 : 7;
    lines.push_back(line.dump() + "\n");
  }
  const std::vector<std::string> expected = {"it is 5", "it is 6", "it is 7", "it is 8", "it is 0",
                                             "it is 1", "it is 2", "it is 3", "it is 4"};
  EXPECT_EQ(Responses(Load(lines).users[0]), expected);
}

}  // namespace
}  // namespace idiolect
