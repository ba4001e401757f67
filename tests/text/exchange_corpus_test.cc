#include "text/exchange_corpus.h"

#include <gmock/gmock.h>

#include <fstream>

#include "tests/support/temp_folder.h"

namespace idiolect {
namespace {

using ::testing::ElementsAre;

class ExchangeCorpusTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::vector<std::string>& splits) {
    const std::string path = folder_.File(name);
    std::ofstream out(path);
    for (const std::string& split : splits)
      out << R"({"user":"a","post":"p","response":"secret","time":0)"
          << (split.empty() ? "" : R"(,"split":")" + split + "\"") << "}\n";
    return path;
  }
  absl::Status Read(const std::vector<std::string>& files) {
    return ForEachExchange(files, [this](RawExchange&& e) { splits_.push_back(e.split); });
  }

  TempFolder folder_;
  std::vector<std::string> splits_;
};

TEST_F(ExchangeCorpusTest, ReadsFileAfterFile) {
  ASSERT_TRUE(Read({Write("b", {"train", "test"}), Write("a", {"", "valid"})}).ok());
  EXPECT_THAT(splits_, ElementsAre("train", "test", "", "valid"));
}

TEST_F(ExchangeCorpusTest, AMisspeltSplitIsNamedByFileAndLine) {
  for (const char* split : {"validation", "Test", " train"}) {
    const std::string path = Write("c", {"train", split});
    EXPECT_EQ(Read({path}), absl::InvalidArgumentError(path + ":2: \"split\": expected train, valid or test"));
  }
}

TEST_F(ExchangeCorpusTest, WhatIsNoExchangeIsAnError) {
  const std::string path = Write("d", {"train"});
  std::ofstream(path, std::ios::app) << "{}\n";
  EXPECT_TRUE(absl::IsInvalidArgument(Read({path})));
  EXPECT_TRUE(absl::IsNotFound(Read({folder_.File("none")})));
}

}  // namespace
}  // namespace idiolect
