#include "text/exchange_reader.h"

#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace idiolect {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kAnn[] = R"({"user": "ann", "post": "hi", "post_user": "ben", "response": "hello", "time": 7})";

class ExchangeReaderTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& bytes) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

  std::string WriteGzip(const std::string& name, const std::string& text) {
    const std::string path = folder_ + "/" + name;
    gzFile file = gzopen(path.c_str(), "wb");
    EXPECT_EQ(gzwrite(file, text.data(), text.size()), static_cast<int>(text.size()));
    EXPECT_EQ(gzclose(file), Z_OK);
    return path;
  }

  // Reads to the end or to the first error that ends the file; what went wrong lands in errors_, in order.
  std::vector<RawExchange> ReadAll(const std::string& path, ExchangeFormat format = ExchangeFormat::kDetect) {
    std::vector<RawExchange> exchanges;
    absl::StatusOr<std::unique_ptr<ExchangeReader>> reader = ExchangeReader::Open(path, format);
    if (!reader.ok()) {
      errors_.push_back(reader.status());
      return exchanges;
    }
    while (true) {
      absl::StatusOr<std::optional<RawExchange>> next = (*reader)->Next();
      if (!next.ok()) errors_.push_back(next.status());
      if (absl::IsInvalidArgument(next.status())) continue;
      if (!next.ok() || !next->has_value()) return exchanges;
      exchanges.push_back(**next);
    }
  }

  std::vector<std::string> Responses(const std::string& path) {
    std::vector<std::string> responses;
    for (const RawExchange& exchange : ReadAll(path)) responses.push_back(exchange.response);
    return responses;
  }

  std::string OnlyError() const { return errors_.size() == 1 ? std::string(errors_[0].message()) : "not one error"; }

  const TempFolder temp_;
  const std::string folder_ = temp_.path().string();
  std::vector<absl::Status> errors_;
};

TEST_F(ExchangeReaderTest, ReadsEveryFieldOfJsonl) {
  const auto exchanges =
      ReadAll(Write("a.jsonl", R"({"user": "安", "post": "你好吗？", "post_user": "ben", "extra": [1],)"
                               R"( "response": "很好 🙂", "time": 12.25, "source": "s", "split": "valid"})"));
  ASSERT_EQ(exchanges.size(), 1u);
  EXPECT_EQ(exchanges[0].user, "安");
  EXPECT_EQ(exchanges[0].post, "你好吗？");
  EXPECT_EQ(exchanges[0].post_user, "ben");
  EXPECT_EQ(exchanges[0].response, "很好 🙂");
  EXPECT_EQ(exchanges[0].time, absl::FromUnixMillis(12250));
  EXPECT_EQ(exchanges[0].source, "s");
  EXPECT_EQ(exchanges[0].split, "valid");
}

TEST_F(ExchangeReaderTest, ReadsTheEightColumnsOfDhapAndPchatbot) {
  const auto exchanges =
      ReadAll(Write("a.txt", "考虑 了\t128271\t613766425\t哈哈 ， 可爱 了\t28211\t613811241\t4\t0\n"));
  ASSERT_EQ(exchanges.size(), 1u);
  EXPECT_EQ(exchanges[0].post, "考虑 了");
  EXPECT_EQ(exchanges[0].post_user, "128271");
  EXPECT_EQ(exchanges[0].response, "哈哈 ， 可爱 了");
  EXPECT_EQ(exchanges[0].user, "28211");
  EXPECT_EQ(exchanges[0].time, absl::FromUnixSeconds(613811241));
}

TEST_F(ExchangeReaderTest, KeepsMicroseconds) {
  for (int64_t micros : {int64_t{1494355140123457}, int64_t{-1500001}, int64_t{999999}, int64_t{4102444800000001}}) {
    const std::string seconds =
        absl::StrCat(micros < 0 ? "-" : "", std::abs(micros) / 1000000, ".", 1000000 + std::abs(micros) % 1000000);
    std::string line = absl::StrCat(R"({"user":"a","post":"","response":"b","time":)", seconds, "}");
    line.erase(line.find('.') + 1, 1);  // the 1 that kept the leading zeros
    const absl::StatusOr<RawExchange> exchange = ParseJsonExchange(line);
    ASSERT_TRUE(exchange.ok()) << exchange.status();
    EXPECT_EQ(absl::ToUnixMicros(exchange->time), micros);
  }
}

TEST_F(ExchangeReaderTest, GzipIsSeenFromTheBytes) {
  EXPECT_THAT(Responses(WriteGzip("no_suffix", absl::StrCat(kAnn, "\n", kAnn, "\n"))), ElementsAre("hello", "hello"));
  EXPECT_TRUE(errors_.empty());
}

TEST_F(ExchangeReaderTest, WindowsFilesReadTheSame) {
  EXPECT_THAT(Responses(Write("a", absl::StrCat("\xEF\xBB\xBF", kAnn, "\r\n\r\n", kAnn))),
              ElementsAre("hello", "hello"));
  EXPECT_THAT(Responses(Write("b", "\xEF\xBB\xBFhi\tben\t1\thello\tann\t2\t0\t0\r\n")), ElementsAre("hello"));
  EXPECT_TRUE(errors_.empty());
}

TEST_F(ExchangeReaderTest, EmptyFileHoldsNothing) {
  EXPECT_TRUE(ReadAll(Write("a", "")).empty());
  EXPECT_TRUE(ReadAll(Write("b", "\n\n \n")).empty());
  EXPECT_TRUE(errors_.empty());
}

TEST_F(ExchangeReaderTest, BadLineDoesNotStopTheFile) {
  EXPECT_THAT(Responses(Write("a.jsonl", absl::StrCat(kAnn, "\n{\"user\": \"secret\n", kAnn, "\n"))),
              ElementsAre("hello", "hello"));
  EXPECT_THAT(OnlyError(), AllOf(HasSubstr("a.jsonl:2: expected a JSON object"), Not(HasSubstr("secret"))));
}

TEST_F(ExchangeReaderTest, BadLinesSayWhatWasExpected) {
  const struct {
    std::string line, message;
  } kCases[] = {
      {"{}", R"("user" is missing)"},
      {R"({"user":"a"})", R"("post" is missing)"},
      {R"({"user":1,"post":"","response":"b","time":0})", R"("user": expected a string, got number)"},
      {R"({"user":"a","post":null,"response":"b","time":0})", R"("post": expected a string, got null)"},
      {R"({"user":"a","post":"","response":"b"})", R"("time" is missing: expected unix seconds)"},
      {R"({"user":"a","post":"","response":"b","time":"now"})", R"("time": expected unix seconds, got string)"},
      {R"({"user":"a","post":"","response":"b","time":1e300})", "within the years 1 to 9999"},
      {R"({"user":"a","post":"","response":"b","time":1e999})", "a number in it is out of range"},
      {R"({"user":"a","post":"","response":"b","time":0,"split":1})", R"("split": expected a string, got number)"},
      {R"({"user":"","post":"","response":"b","time":0})", "the user is empty"},
      {R"({"user":"a","post":"","response":"","time":0})", "the response is empty"},
      {R"({"user":"a","post":"\ud800","response":"b","time":0})", "expected a JSON object; it breaks off at byte"},
      {"{\"user\":\"\xff\",\"post\":\"\",\"response\":\"b\",\"time\":0}", "it breaks off at byte 10"},
  };
  for (const auto& test : kCases) {
    errors_.clear();
    EXPECT_TRUE(ReadAll(Write("a", test.line)).empty());
    EXPECT_THAT(OnlyError(), HasSubstr(test.message)) << test.line;
    EXPECT_THAT(OnlyError(), HasSubstr("/a:1: ")) << test.line;
  }
}

TEST_F(ExchangeReaderTest, BadTsvLinesSayWhatWasExpected) {
  const struct {
    std::string line, message;
  } kCases[] = {
      {"hi\tben\t1\thello\tann\t2\t0", "expected 8 columns with tabs between them, got 7"},
      {"hello", "expected 8 columns with tabs between them, got 1"},
      {"hi\tben\t1\thello\tann\tsoon\t0\t0", "column 6, the response's time: expected unix seconds"},
      {"hi\tben\t1\thello\tann\tnan\t0\t0", "column 6, the response's time: expected unix seconds"},
      {"hi\tben\t1\thello\t\t2\t0\t0", "the user is empty"},
      {"hi\tben\t1\t\xC0\x80\tann\t2\t0\t0", "expected UTF-8"},
  };
  for (const auto& test : kCases) {
    errors_.clear();
    EXPECT_TRUE(ReadAll(Write("a", test.line)).empty());
    EXPECT_THAT(OnlyError(), HasSubstr(test.message)) << test.line;
  }
}

TEST_F(ExchangeReaderTest, LineOverTheCapIsNamedAndSkipped) {
  const std::string at_the_cap = std::string(LineReader::kMaxLineBytes - sizeof(kAnn) + 1, ' ') + kAnn;
  EXPECT_THAT(Responses(Write("a", absl::StrCat(at_the_cap, "\n ", at_the_cap, "\n", kAnn))),
              ElementsAre("hello", "hello"));
  EXPECT_THAT(OnlyError(), EndsWith("/a:2: longer than 1048576 bytes, the most a line may have"));
}

TEST_F(ExchangeReaderTest, TruncatedGzipIsDataLossAfterItsReadablePart) {
  std::string lines;
  for (int i = 0; i < 20000; ++i) {
    absl::StrAppend(&lines, R"({"user":"a","post":")", i * 7919 % 10007, R"(","response":"b","time":)", i, "}\n");
  }
  const std::string path = WriteGzip("a.gz", lines);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  const size_t count = ReadAll(path).size();
  EXPECT_GT(count, 1000u);
  EXPECT_LT(count, 20000u);
  ASSERT_FALSE(errors_.empty());
  EXPECT_TRUE(absl::IsDataLoss(errors_.back())) << errors_.back();
  EXPECT_THAT(std::string(errors_.back().message()), HasSubstr("cut off"));
}

TEST_F(ExchangeReaderTest, DamagedGzipIsDataLoss) {
  const std::string path = WriteGzip("a.gz", absl::StrCat(kAnn, "\n"));
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-8, std::ios::end);  // the checksum
  file.put('\x5A').put('\x5A');
  file.close();
  ReadAll(path);
  ASSERT_EQ(errors_.size(), 1u);
  EXPECT_TRUE(absl::IsDataLoss(errors_[0])) << errors_[0];
}

TEST_F(ExchangeReaderTest, MissingFileAndFolderAreNamed) {
  ReadAll(folder_ + "/nowhere");
  EXPECT_THAT(OnlyError(), EndsWith("/nowhere: No such file or directory"));
  errors_.clear();
  ReadAll(folder_);
  EXPECT_THAT(OnlyError(), EndsWith(": is a folder, expected a file"));
}

TEST_F(ExchangeReaderTest, PositionReachesTheFileSize) {
  auto reader = ExchangeReader::Open(WriteGzip("a.gz", absl::StrCat(kAnn, "\n", kAnn, "\n")));
  ASSERT_TRUE(reader.ok());
  EXPECT_GT((*reader)->file_size(), 0);
  while ((*reader)->Next()->has_value()) {
  }
  EXPECT_EQ((*reader)->position(), (*reader)->file_size());
  EXPECT_EQ((*reader)->line_number(), 2);
}

}  // namespace
}  // namespace idiolect
