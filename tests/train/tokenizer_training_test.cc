#include "train/tokenizer_training.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/support/fixtures.h"
#include "tests/train/tiny_corpus.h"
#include "text/tokenizer.h"
#include "train/tokenizer_bytes.h"

namespace idiolect {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class TokenizerTrainingTest : public ::testing::Test {
 protected:
  TokenizerTrainingTest() : folder_(testing::MakeTempDir()) {
    options_.data = {testing::WriteTinyCorpus(testing::MakeTempDir())};
    options_.model.vocab_size = 330;
  }

  absl::Status Learn() { return TrainTokenizer(options_, folder_ + "/tokenizer.model"); }

  int FilesInFolder() const {
    return static_cast<int>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  const std::string folder_;
  TrainOptions options_;
};

TEST_F(TokenizerTrainingTest, LearnsATokenizerOfTheWantedSize) {
  const absl::Status status = Learn();
  ASSERT_TRUE(status.ok()) << status;
  const auto tokenizer = Tokenizer::Load(folder_ + "/tokenizer.model");
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ((*tokenizer)->size(), 330);
  EXPECT_EQ((*tokenizer)->Decode((*tokenizer)->Encode("soup, please")), "soup, please");
  EXPECT_EQ(FilesInFolder(), 1);  // the texts do not lie about
}

TEST_F(TokenizerTrainingTest, AnotherFolderGetsTheSameBytes) {
  ASSERT_TRUE(Learn().ok());
  const std::string elsewhere = testing::MakeTempDir() + "/of-another-name.model";
  options_.data = {testing::WriteTinyCorpus(testing::MakeTempDir())};
  ASSERT_TRUE(TrainTokenizer(options_, elsewhere).ok());
  const auto bytes = ReadTokenizerBytes(folder_ + "/tokenizer.model");
  EXPECT_TRUE(*ReadTokenizerBytes(elsewhere) == *bytes);
  EXPECT_THAT(*bytes, Not(HasSubstr(folder_)));
}

TEST_F(TokenizerTrainingTest, NoTextIsLeftWhereItFails) {
  std::ofstream(options_.data[0], std::ios::app) << "{}\n";
  EXPECT_THAT(std::string(Learn().message()), HasSubstr(":181: \"user\" is missing"));
  EXPECT_EQ(FilesInFolder(), 0);
}

TEST_F(TokenizerTrainingTest, WhatACrashLeftIsRemoved) {
  for (const bool is_file : {true, false}) {  // a file was what earlier versions left
    fs::remove(folder_ + "/tokenizer.model");
    const std::string left = folder_ + "/tokenizer.model.sentences";
    if (!is_file) fs::create_directory(left);
    std::ofstream(is_file ? left : left + "/sentences") << "words of somebody\n";
    const absl::Status status = Learn();
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(FilesInFolder(), 1);
  }
}

TEST_F(TokenizerTrainingTest, ASignalTakesEffectWhenNoTextIsLeft) {
  // The data is read from a pipe, so that the signal comes in the middle of it.
  const std::string pipe = folder_ + "/pipe", texts = options_.data[0];
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  options_.data = {pipe};
  const pid_t child = fork();
  if (child == 0) _exit(Learn().ok() ? 0 : 1);  // gets no further than the signal
  std::ofstream out(pipe);                      // returns when the child has opened it
  const std::string sentences = folder_ + "/tokenizer.model.sentences/sentences";
  ASSERT_EQ(fs::status(sentences).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  kill(child, SIGTERM);
  out << std::ifstream(texts).rdbuf();
  out.close();
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) << status;
  EXPECT_EQ(FilesInFolder(), 1);  // the pipe
}

TEST_F(TokenizerTrainingTest, WhatIsWrongWithTheSizeIsSaid) {
  const std::pair<int, const char*> cases[] = {{8000, "vocab_size: 8000 is too large for the data"},
                                               {100, "vocab_size: 100 is too small for the characters of the data"}};
  for (const auto& [size, fault] : cases) {
    options_.model.vocab_size = size;
    const absl::Status status = Learn();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(fault));
    EXPECT_EQ(FilesInFolder(), 0);
  }
}

TEST_F(TokenizerTrainingTest, WhatIsWrongWithTheDataOrTheSampleIsSaid) {
  options_.tokenizer_sentences = 100;
  EXPECT_THAT(std::string(Learn().message()), HasSubstr("tokenizer_sentences: expected at least 101"));
  options_.tokenizer_sentences = 101;
  std::ofstream(options_.data[0], std::ios::trunc) << "";
  EXPECT_THAT(std::string(Learn().message()), HasSubstr("no exchange to train on"));
}

}  // namespace
}  // namespace idiolect
