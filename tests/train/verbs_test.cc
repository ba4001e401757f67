// `idiolect prepare` and `idiolect train` as they are typed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "tests/support/fixtures.h"
#include "tests/train/tiny_corpus.h"
#include "train/prepared_corpus.h"
#include "train/tokenizer_bytes.h"

namespace idiolect {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class TrainingVerbsTest : public ::testing::Test {
 protected:
  TrainingVerbsTest()
      : folder_(testing::MakeTempDir()),
        data_(testing::WriteTinyCorpus(folder_)),
        tokenizer_(testing::TinyModelDir() + "/tokenizer.model"),
        prepared_(folder_ + "/prepared") {}

  int Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "idiolect");
    std::vector<const char*> argv;
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    std::istringstream in;
    std::ostringstream out, err;
    Console console{in, out, err};
    const int code = RunCommandLine(AllCommands(), static_cast<int>(argv.size()), argv.data(), console, [] {});
    err_ = err.str();
    return code;
  }

  int Prepare(const std::vector<std::string>& more) {
    std::vector<std::string> all = {"prepare", "--data", data_, "--out", prepared_};
    all.insert(all.end(), more.begin(), more.end());
    return Run(all);
  }

  absl::Status LoadPrepared() const {
    ModelConfig config;
    config.vocab_size = 400;
    return LoadPreparedCorpus(prepared_, config).status();
  }

  const std::string folder_, data_, tokenizer_, prepared_;
  std::string err_;
};

TEST_F(TrainingVerbsTest, AFailingPrepareLeavesTheFolderAsItWas) {
  ASSERT_EQ(Prepare({"--tokenizer", tokenizer_}), 0) << err_;
  ASSERT_TRUE(LoadPrepared().ok()) << LoadPrepared();
  ASSERT_EQ(Run({"prepare", "--data", data_, "--out", folder_ + "/other", "--vocab-size", "330"}), 0) << err_;
  const std::string other = PreparedTokenizerPath(folder_ + "/other"), broken = folder_ + "/broken.model";
  std::ofstream(broken) << "no tokenizer";
  EXPECT_EQ(Prepare({"--tokenizer", broken}), 1);
  EXPECT_THAT(err_, HasSubstr(broken + ": not a SentencePiece model"));
  EXPECT_TRUE(LoadPrepared().ok()) << LoadPrepared();
  std::ofstream(data_, std::ios::app) << "{}\n";
  EXPECT_EQ(Prepare({"--tokenizer", other}), 1);
  EXPECT_THAT(err_, HasSubstr(data_ + ":181: "));
  EXPECT_TRUE(LoadPrepared().ok()) << LoadPrepared();
  EXPECT_TRUE(*ReadTokenizerBytes(PreparedTokenizerPath(prepared_)) == *ReadTokenizerBytes(tokenizer_));
}

TEST_F(TrainingVerbsTest, ATokenizerOfAnotherSizeThanAskedForIsRefused) {
  EXPECT_EQ(Prepare({"--tokenizer", tokenizer_, "--vocab-size", "500"}), 1);
  EXPECT_THAT(err_, HasSubstr("--vocab-size: expected 400, the pieces that " + tokenizer_ + " has"));
  ASSERT_EQ(Prepare({"--tokenizer", tokenizer_, "--vocab-size", "400"}), 0) << err_;
  EXPECT_EQ(Prepare({"--vocab-size", "500"}), 1);
  EXPECT_THAT(err_, HasSubstr("--vocab-size: expected 400, the pieces that " + PreparedTokenizerPath(prepared_)));
  EXPECT_EQ(Prepare({}), 0) << err_;
}

TEST_F(TrainingVerbsTest, SizesBesideInitFromMustBeTheModels) {
  const std::string model = testing::TinyModelDir();
  const auto train = [&](const std::vector<std::string>& more) {
    std::vector<std::string> all = {"train",   "--data", data_,      "--out", folder_ + "/model", "--init-from", model,
                                    "--steps", "1",      "--groups", "2"};
    all.insert(all.end(), more.begin(), more.end());
    return Run(all);
  };
  EXPECT_EQ(train({"--vocab-size", "500"}), 1);
  EXPECT_THAT(err_, HasSubstr("vocab_size: is set to 500, but the model of init_from, " + model + ", has 400"));
  EXPECT_EQ(train({"--parts", "none"}), 1);
  EXPECT_THAT(err_, HasSubstr("parts: is set to [], but the model of init_from"));
  EXPECT_EQ(train({"--d-model", "192"}), 1);  // the default, but asked for
  EXPECT_THAT(err_, HasSubstr("d_model: is set to 192, but the model of init_from"));
  EXPECT_FALSE(fs::exists(folder_ + "/model/model.safetensors"));

  // What --print-config writes has all defaults.
  const std::string config = folder_ + "/train.toml";
  std::ofstream(config) << "d_model = 192\nvocab_size = 8000\n";
  EXPECT_EQ(train({"--config", config, "--vocab-size", "400"}), 0) << err_;
}

}  // namespace
}  // namespace idiolect
