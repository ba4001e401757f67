#include "cli/train_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/support/fixtures.h"

namespace idiolect {
namespace {

using ::testing::HasSubstr;

class TrainSettingsTest : public ::testing::Test {
 protected:
  TrainSettingsTest() { settings_.AddTo(table_); }

  absl::Status Read(const std::string& toml) {
    const std::string path = testing::MakeTempDir() + "/train.toml";
    std::ofstream(path) << toml;
    return table_.ReadFile(path);
  }

  TrainSettings settings_;
  Settings table_;
};

TEST_F(TrainSettingsTest, AFileSetsWhatItNames) {
  ASSERT_TRUE(Read("data = [\"a.jsonl\", \"b.jsonl.gz\"]\nout = \"m\"\nd_model = 64\nseed = 7\nparts = [\"copy\"]\n"
                   "learning_rate = 0.002\nuser_sampling_power = 0\nhistory_contrast = 0.5\nheld_out_users = 0.05\n")
                  .ok());
  const auto options = settings_.ToOptions();
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->data, (std::vector<std::string>{"a.jsonl", "b.jsonl.gz"}));
  EXPECT_EQ(options->model.d_model, 64);
  EXPECT_EQ(options->model.readout_size, 64);  // tied
  EXPECT_EQ(options->seed, 7u);
  EXPECT_TRUE(options->model.copy);
  EXPECT_FALSE(options->model.general || options->model.memory || options->model.post_copy);
  EXPECT_EQ(options->learning_rate, 0.002);
  EXPECT_EQ(options->user_sampling_power, 0);
  EXPECT_EQ(options->history_contrast, 0.5);
  EXPECT_EQ(options->held_out_users, 0.05);
  EXPECT_EQ(options->targets, TrainOptions().targets);
}

TEST_F(TrainSettingsTest, SpeakerIsAPartAlone) {
  ASSERT_TRUE(Read("data = [\"a\"]\nout = \"m\"\nparts = [\"speaker\"]\n").ok());
  const auto options = settings_.ToOptions();
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_TRUE(options->model.speaker);
  EXPECT_FALSE(options->model.general || options->model.copy || options->model.memory || options->model.post_copy);
  EXPECT_TRUE(ParseModelConfig(ToJson(options->model)).ok());
}

TEST_F(TrainSettingsTest, WhatIsPrintedIsAFileThatMeansTheSame) {
  ASSERT_TRUE(Read("data = [\"a\"]\nout = \"m\"\nlearning_rate = 0.00015\nparts = [\"none\"]\n").ok());
  std::ostringstream printed;
  table_.Print(printed);
  TrainSettings again;
  Settings table;
  again.AddTo(table);
  const std::string path = testing::MakeTempDir() + "/printed.toml";
  std::ofstream(path) << printed.str();
  const absl::Status read = table.ReadFile(path);
  ASSERT_TRUE(read.ok()) << read;
  EXPECT_EQ(again.ToOptions()->learning_rate, 0.00015);
  EXPECT_FALSE(again.ToOptions()->model.copy);
  EXPECT_EQ(ToJson(again.ToOptions()->model), ToJson(settings_.ToOptions()->model));
}

TEST_F(TrainSettingsTest, FaultsAreNamed) {
  EXPECT_THAT(std::string(settings_.ToOptions().status().message()), HasSubstr("data: is not set"));
  EXPECT_THAT(std::string(Read("dropout = 2\n").message()), HasSubstr("dropout: expected"));
  EXPECT_THAT(std::string(Read("learn_rate = 2\n").message()), HasSubstr("learning_rate"));
  ASSERT_TRUE(Read("data = [\"a\"]\nout = \"m\"\nparts = [\"memry\"]\n").ok());
  EXPECT_THAT(std::string(settings_.ToOptions().status().message()), HasSubstr("parts: expected"));
  for (const char* alone : {"none", "speaker"}) {
    settings_.parts = {"copy", alone};
    EXPECT_THAT(std::string(settings_.ToOptions().status().message()), HasSubstr("parts: expected no other part"));
  }
  settings_.parts = {"none"};
  settings_.card_notes_file = "/nowhere.md";
  EXPECT_TRUE(absl::IsNotFound(settings_.ToOptions().status()));
}

}  // namespace
}  // namespace idiolect
