#include "config/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "config/spelling.h"
#include "tests/support/temp_folder.h"

namespace idiolect {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

class SettingsTest : public ::testing::Test {
 protected:
  SettingsTest() {
    settings_.Add("listen", listen_, "Where");
    settings_.Add("max_queue", max_queue_, {1, 1000}, "How many");
    settings_.Add("drain_seconds", drain_seconds_, {0, 60}, "How long");
    settings_.Add("wipe", wipe_, "Whether");
    settings_.Add("precision", precision_, "Which").OneOf({"int8", "float32"});
    settings_.Add("ttl", ttl_, "Which of them");
    settings_.Add("key", key_, "Nobody's business").Secret();
  }

  absl::Status ReadText(const std::string& text) {
    std::ofstream(path_) << text;
    return settings_.ReadFile(path_);
  }
  std::string ErrorOf(const std::string& text) { return std::string(ReadText(text).message()); }

  absl::Status ReadVariables(const std::map<std::string, std::string>& variables) {
    return settings_.ReadEnvironment([&](const char* name) {
      const auto found = variables.find(name);
      return found == variables.end() ? nullptr : found->second.c_str();
    });
  }

  std::string Printed() const {
    std::ostringstream out;
    settings_.Print(out);
    return out.str();
  }

  TempFolder folder_;
  const std::string path_ = folder_.File("idiolect.toml");
  std::string listen_ = "here:1", precision_ = "int8", key_;
  int max_queue_ = 10;
  double drain_seconds_ = 20;
  bool wipe_ = true;
  std::vector<std::string> ttl_;
  Settings settings_;
};

TEST_F(SettingsTest, AFileSetsEveryType) {
  ASSERT_TRUE(
      ReadText("listen = 'there:2'\nmax_queue = 11\ndrain_seconds = 2.5\nwipe = false\nprecision = \"float32\"\n"
               "ttl = ['1', 'acme=2']\nkey = 'secret'\n")
          .ok());
  EXPECT_EQ(listen_, "there:2");
  EXPECT_EQ(max_queue_, 11);
  EXPECT_EQ(drain_seconds_, 2.5);
  EXPECT_FALSE(wipe_);
  EXPECT_EQ(precision_, "float32");
  EXPECT_THAT(ttl_, ElementsAre("1", "acme=2"));
  EXPECT_EQ(key_, "secret");
}

TEST_F(SettingsTest, TheEnvironmentOverrulesTheFile) {
  ASSERT_TRUE(ReadText("max_queue = 11\nttl = ['1']\ndrain_seconds = 3\n").ok());
  ASSERT_TRUE(
      ReadVariables({{"IDIOLECT_MAX_QUEUE", "12"}, {"IDIOLECT_TTL", "a=2,b=3"}, {"IDIOLECT_DRAIN_SECONDS", ""}}).ok());
  EXPECT_EQ(max_queue_, 12);
  EXPECT_THAT(ttl_, ElementsAre("a=2", "b=3"));
  EXPECT_EQ(drain_seconds_, 3) << "an empty variable is none";
}

TEST_F(SettingsTest, PrintsWhereEachValueComesFrom) {
  ASSERT_TRUE(ReadText("\nmax_queue = 11\nkey = 'hush'\n").ok());
  ASSERT_TRUE(ReadVariables({{"IDIOLECT_WIPE", "false"}}).ok());
  ASSERT_TRUE(settings_.Find("listen")->Set({"a \"quoted\" one"}, "flag --listen").ok());
  const std::string printed = Printed();
  EXPECT_THAT(printed, HasSubstr("max_queue = 11"));
  EXPECT_THAT(printed, HasSubstr("# " + path_ + ":2\n"));
  EXPECT_THAT(printed, HasSubstr("drain_seconds = 20"));
  EXPECT_THAT(printed, HasSubstr("# default\n"));
  EXPECT_THAT(printed, HasSubstr("# environment IDIOLECT_WIPE\n"));
  EXPECT_THAT(printed, HasSubstr("# flag --listen\n"));
  EXPECT_THAT(printed, HasSubstr("key = \"********\""));
  EXPECT_THAT(printed, Not(HasSubstr("hush")));
}

TEST_F(SettingsTest, WhatIsPrintedIsAFileThatSetsTheSame) {
  ASSERT_TRUE(ReadText("max_queue = 11\nlisten = 'tab\\t\"quote\" \\\\'\nttl = ['x', 'y']\n"
                       "drain_seconds = 0.0012345678\n")
                  .ok());
  EXPECT_EQ(drain_seconds_, 0.0012345678);
  const std::string printed = Printed();
  listen_ = "";
  max_queue_ = 1;
  drain_seconds_ = 1;
  ttl_ = {};
  ASSERT_TRUE(ReadText(printed).ok());
  EXPECT_EQ(max_queue_, 11);
  EXPECT_EQ(drain_seconds_, 0.0012345678);
  EXPECT_EQ(listen_, "tab\\t\"quote\" \\\\");
  EXPECT_THAT(ttl_, ElementsAre("x", "y"));
}

TEST_F(SettingsTest, AnUnknownKeyNamesTheNearest) {
  EXPECT_EQ(ErrorOf("listen = 'x'\nmax_qeue = 3\n"),
            path_ + ":2: max_qeue is not a setting; the nearest one is max_queue");
  EXPECT_THAT(ErrorOf("\n\n[limits]\nmax_queue = 3\n"), HasSubstr(":3: the table [limits] is not a setting"));
}

TEST_F(SettingsTest, WrongValuesNameFileLineKeyAndRange) {
  EXPECT_EQ(ErrorOf("max_queue = 0\n"), path_ + ":1: max_queue: expected INT in [1, 1000], got '0'");
  EXPECT_EQ(ErrorOf("\nmax_queue = '7'\n"), path_ + ":2: max_queue: expected INT in [1, 1000] without quotes");
  EXPECT_THAT(ErrorOf("max_queue = 2.5\n"), HasSubstr("expected INT in [1, 1000], got '2.5'"));
  EXPECT_THAT(ErrorOf("drain_seconds = nan\n"), HasSubstr("expected NUMBER in [0, 60]"));
  EXPECT_THAT(ErrorOf("listen = 7\n"), EndsWith(":1: listen: expected a text in quotes"));
  EXPECT_THAT(ErrorOf("wipe = 'yes'\n"), EndsWith("wipe: expected BOOL"));
  EXPECT_THAT(ErrorOf("precision = 'int4'\n"), EndsWith("precision: expected int8|float32, got 'int4'"));
  EXPECT_THAT(ErrorOf("ttl = '1'\n"), HasSubstr("expected a list of texts"));
  EXPECT_THAT(ErrorOf("ttl = [1]\n"), HasSubstr("expected a text in quotes"));
  EXPECT_THAT(ErrorOf("max_queue = \n"), HasSubstr(path_ + ":1: "));
  EXPECT_EQ(max_queue_, 10);
  EXPECT_EQ(ReadVariables({{"IDIOLECT_MAX_QUEUE", "many"}}).message(),
            "IDIOLECT_MAX_QUEUE: expected INT in [1, 1000], got 'many'");
}

TEST_F(SettingsTest, AFileThatIsNotThereIsAnError) {
  EXPECT_EQ(settings_.ReadFile(folder_.File("absent")).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(settings_.ReadFile(folder_.path().string()).code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(ReadText("").ok());
}

TEST_F(SettingsTest, MisspeltVariablesAreNoticedAndOthersLeftAlone) {
  const char* const environment[] = {"IDIOLECT_MAX_QEUE=3", "IDIOLECT_MAX_QUEUE=3", "IDIOLECT_SERVICE_HOST=10.0.0.1",
                                     "MAX_QUEU=1", nullptr};
  EXPECT_THAT(settings_.Misspelt(environment), ElementsAre(Pair("IDIOLECT_MAX_QEUE", "IDIOLECT_MAX_QUEUE")));
}

TEST_F(SettingsTest, TheExampleNamesEverySettingAndChangesNothing) {
  std::ostringstream example;
  settings_.PrintExample(example);
  for (const Setting& setting : settings_.all()) {
    EXPECT_THAT(example.str(), HasSubstr("# " + setting.name() + " = ")) << setting.name();
  }
  const std::string before = Printed();
  ASSERT_TRUE(ReadText(example.str()).ok());
  EXPECT_EQ(Printed(), before);
}

TEST(Spelling, CountsSlipsOfTheFinger) {
  EXPECT_EQ(EditDistance("queue", "queue"), 0u);
  EXPECT_EQ(EditDistance("qeue", "queue"), 1u);
  EXPECT_EQ(EditDistance("quuee", "queue"), 1u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(Nearest("listn", {"model", "listen"}), "listen");
}

}  // namespace
}  // namespace idiolect
