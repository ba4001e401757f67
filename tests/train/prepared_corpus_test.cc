#include "train/prepared_corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/fixtures.h"
#include "tests/train/tiny_corpus.h"
#include "train/tokenizer_bytes.h"
#include "train/trainer.h"

namespace idiolect {
namespace {

using ::testing::HasSubstr;

class PreparedCorpusTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_ = testing::TinyTraining();
    folder_ = testing::MakeTempDir();
    tokenizer_bytes_ = *ReadTokenizerBytes(options_.work + "/tokenizer.model");
    std::ofstream(PreparedTokenizerPath(folder_), std::ios::binary) << tokenizer_bytes_;
    corpus_ = *LoadCorpus(options_.data, **Tokenizer::FromBytes(tokenizer_bytes_), options_.model);
  }

  // Loads a file of these lines; what is wrong with it.
  absl::Status LoadLines(const std::string& lines) {
    std::ofstream(path()) << lines;  // a reader of gzip reads what is none, too
    return LoadPreparedCorpus(folder_, options_.model).status();
  }
  std::string path() const { return folder_ + "/exchanges.jsonl.gz"; }

  TrainOptions options_;
  std::string folder_, tokenizer_bytes_;
  Corpus corpus_;
};

TEST_F(PreparedCorpusTest, ItIsReadAsItWasWritten) {
  ASSERT_TRUE(WritePreparedCorpus(corpus_, options_.model, tokenizer_bytes_, folder_).ok());
  const auto read = LoadPreparedCorpus(folder_, options_.model);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->train_pairs, corpus_.train_pairs);
  EXPECT_EQ(read->valid_pairs, corpus_.valid_pairs);
  ASSERT_EQ(read->users.size(), corpus_.users.size());
  for (size_t u = 0; u < corpus_.users.size(); ++u) {
    const UserCorpus &one = read->users[u], &other = corpus_.users[u];
    EXPECT_EQ(one.source, other.source);
    EXPECT_EQ(one.train_end, other.train_end);
    EXPECT_EQ(one.valid_end, other.valid_end);
    ASSERT_EQ(one.pairs.size(), other.pairs.size());
    for (size_t i = 0; i < one.pairs.size(); ++i) {
      EXPECT_EQ(one.pairs[i].post, other.pairs[i].post);
      EXPECT_EQ(one.pairs[i].response, other.pairs[i].response);
      EXPECT_EQ(one.pairs[i].words, other.pairs[i].words);
    }
  }
}

TEST_F(PreparedCorpusTest, WhatItIsPreparedForCounts) {
  ASSERT_TRUE(WritePreparedCorpus(corpus_, options_.model, tokenizer_bytes_, folder_).ok());
  ModelConfig longer = options_.model;
  longer.max_response_tokens += 1;
  const absl::Status status = LoadPreparedCorpus(folder_, longer).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(path() + ":1: \"max_response_tokens\": expected 11"));
}

TEST_F(PreparedCorpusTest, IdsOfAnotherTokenizerAreRefused) {
  ASSERT_TRUE(WritePreparedCorpus(corpus_, options_.model, tokenizer_bytes_, folder_).ok());
  std::ofstream(PreparedTokenizerPath(folder_), std::ios::app) << "x";
  const absl::Status status = LoadPreparedCorpus(folder_, options_.model).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(path() + ":1: \"sha256_tokenizer\": the ids are of another"));
  std::filesystem::remove(PreparedTokenizerPath(folder_));
  EXPECT_TRUE(absl::IsNotFound(LoadPreparedCorpus(folder_, options_.model).status()));
}

TEST_F(PreparedCorpusTest, WhatCannotBeWrittenChangesNothing) {
  ASSERT_TRUE(WritePreparedCorpus(corpus_, options_.model, tokenizer_bytes_, folder_).ok());
  std::filesystem::create_directories(path() + ".part/in_the_way");
  EXPECT_TRUE(absl::IsUnavailable(WritePreparedCorpus({}, options_.model, "another tokenizer", folder_)));
  const auto read = LoadPreparedCorpus(folder_, options_.model);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->train_pairs, corpus_.train_pairs);
}

TEST_F(PreparedCorpusTest, ABadLineIsNamed) {
  const std::string header = R"({"prepared_version":1,"vocab_size":400,"max_post_tokens":10,"max_response_tokens":10})"
                             "\n";
  const auto line = [](const std::string& user, const std::string& source, const std::string& post,
                       const std::string& response, const std::string& rest) {
    return "{\"user\":" + user + ",\"source\":" + source + ",\"post\":" + post + ",\"response\":" + response + rest +
           "}\n";
  };
  const std::string good = line("0", "\"chat\"", "[3]", "[7,3]", ",\"words\":1");
  ASSERT_TRUE(LoadLines(header + good).ok());
  const std::pair<std::string, const char*> cases[] = {
      {"", "holds no exchange"},
      {"{}\n", ":1: \"prepared_version\""},
      {"[]\n" + good, ":1: is not the first line"},
      {header, "holds no exchange"},
      {header + "{\n", ":2: is no JSON object"},
      {header + line("0", "\"chat\"", "[400,3]", "[7,3]", ",\"words\":1"), ":2: \"post\": expected 1 to 10"},
      {header + line("0", "\"chat\"", "[-1,3]", "[7,3]", ",\"words\":1"), ":2: \"post\""},
      {header + line("0", "\"chat\"", "[3]", "[7]", ",\"words\":1"), ":2: \"response\""},
      {header + line("0", "\"chat\"", "[3]", "[]", ",\"words\":1"), ":2: \"response\""},
      {header + line("0", "\"chat\"", "[3]", "[7,7,7,7,7,7,7,7,7,7,3]", ",\"words\":1"), ":2: \"response\""},
      {header + line("0", "\"chat\"", "3", "[7,3]", ",\"words\":1"), ":2: \"post\""},
      {header + line("0", "\"chat\"", "[3]", "[7,3]", ""), ":2: \"words\""},
      {header + line("0", "\"chat\"", "[3]", "[7,3]", ",\"words\":4294967296"), ":2: \"words\""},
      {header + line("0", "7", "[3]", "[7,3]", ",\"words\":1"), ":2: \"source\""},
      {header + line("\"ann\"", "\"chat\"", "[3]", "[7,3]", ",\"words\":1"), ":2: \"user\""},
      {header + line("1", "\"chat\"", "[3]", "[7,3]", ",\"words\":1"), ":2: \"user\": users must come in order"},
      {header + good + line("0", "\"irc\"", "[3]", "[7,3]", ",\"words\":1"), ":3: \"source\": is another"},
      {header + good + line("1", "\"blog\"", "[3]", "[7,3]", ",\"words\":1"), ":3: \"source\": users must be sorted"},
      {header + line("0", "\"chat\"", "[3]", "[7,3]", ",\"words\":1,\"valid\":true") + good, ":3: trains after"},
      {header + line("0", "\"chat\"", "[3]", "[7,3]", ",\"words\":1,\"valid\":true"), "no exchange to train on"}};
  for (const auto& [lines, fault] : cases) {
    const absl::Status status = LoadLines(lines);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status << " for " << lines;
    EXPECT_THAT(std::string(status.message()), HasSubstr(path())) << lines;
    EXPECT_THAT(std::string(status.message()), HasSubstr(fault)) << lines;
  }
}

TEST_F(PreparedCorpusTest, TrainingOnItGivesTheSameModel) {
  ASSERT_TRUE(WritePreparedCorpus(corpus_, options_.model, tokenizer_bytes_, folder_).ok());
  TrainOptions prepared = testing::TinyTraining();
  prepared.data.clear();
  prepared.prepared = folder_;
  const std::atomic<bool> never = false;
  const ProgressCallback nothing = [](const TrainProgress&) {};
  ASSERT_TRUE(Train(options_, never, nothing).ok());
  const absl::Status status = Train(prepared, never, nothing);
  ASSERT_TRUE(status.ok()) << status;
  const auto bytes = [](const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  EXPECT_TRUE(bytes(options_.out + "/model.safetensors") == bytes(prepared.out + "/model.safetensors"));

  options_.data.clear();
  options_.prepared = folder_;
  options_.steps += 1;
  const absl::Status going_on = Train(options_, never, nothing);  // with the same exchanges
  EXPECT_TRUE(going_on.ok()) << going_on;

  std::ofstream(PreparedTokenizerPath(folder_), std::ios::app) << "x";
  const absl::Status other = Train(prepared, never, nothing);
  EXPECT_TRUE(absl::IsInvalidArgument(other)) << other;
  EXPECT_THAT(std::string(other.message()), HasSubstr("is another tokenizer than"));
}

}  // namespace
}  // namespace idiolect
