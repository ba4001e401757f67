// import, export, erase, users and profile against a server.
#include <zlib.h>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/cli/command_fixture.h"

namespace idiolect {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kTwoLines[] =
    R"({"user":"ann","post":"hi","post_user":"ben","response":"hello 🙂","time":1494355140.123457,"source":"irc"})"
    "\n"
    R"({"user":"ann","post":"","post_user":"","response":"你好\n\"x\"","time":7,"source":""})"
    "\n";

std::string Line(const std::string& user, const std::string& response, const std::string& split = "") {
  return absl::StrCat(R"({"user":")", user, R"(","post":"p","response":")", response, R"(","time":1,"split":")", split,
                      "\"}\n");
}

class HistoryCommandsTest : public CommandFixture {
 protected:
  std::vector<std::string> Responses(const std::string& user) {
    std::vector<std::string> responses;
    for (const v1::Exchange& exchange : server_.histories[user]) responses.push_back(exchange.response());
    return responses;
  }
};

TEST_F(HistoryCommandsTest, ExportGivesBackTheImportedBytes) {
  ASSERT_EQ(Run({"import", Write("a.jsonl", kTwoLines)}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("a.jsonl: 2 stored, 0 duplicate, 0 rejected\n"));
  ASSERT_EQ(Run({"export", "--user", "ann"}), 0);
  EXPECT_EQ(out_, kTwoLines);
  ASSERT_EQ(Run({"export", "--user", "ann", "--out", folder_ + "/out.jsonl"}), 0);
  EXPECT_EQ(Read(folder_ + "/out.jsonl"), kTwoLines);
  EXPECT_EQ(out_, "");
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/out.jsonl.part"));
}

TEST_F(HistoryCommandsTest, ImportingTheFileOrItsExportAgainStoresNothing) {
  const std::string equal_lines = Line("ann", "yes") + Line("ann", "yes");
  ASSERT_EQ(Run({"import", Write("a", equal_lines)}), 0);
  EXPECT_THAT(Responses("ann"), ElementsAre("yes", "yes"));
  ASSERT_EQ(Run({"import", Write("a", equal_lines)}), 0);
  EXPECT_THAT(out_, HasSubstr("0 stored, 2 duplicate, 0 rejected"));
  ASSERT_EQ(Run({"export", "--user", "ann", "--out", folder_ + "/b"}), 0);
  ASSERT_EQ(Run({"import", folder_ + "/b"}), 0);
  EXPECT_THAT(out_, HasSubstr("0 stored, 2 duplicate, 0 rejected"));
}

TEST_F(HistoryCommandsTest, BadLinesAreLoggedWithNumberAndReasonAndStopNothing) {
  const std::string path =
      Write("a", Line("ann", "one") + "{broken\n" + Line("ann", std::string(16385, 'x')) +
                     Line(std::string(257, 'u'), "x") + Line("a\\u0007", "x") + Line("ann", "two"));
  ASSERT_EQ(Run({"import", path}), 0);
  EXPECT_THAT(out_, HasSubstr(absl::StrCat("2 stored, 0 duplicate, 4 rejected (", path, ".rejected.jsonl says why)")));
  EXPECT_THAT(Responses("ann"), ElementsAre("one", "two"));
  const std::string log = Read(path + ".rejected.jsonl");
  EXPECT_THAT(log, HasSubstr(R"({"line":2,"reason":")" + path + R"(:2: expected a JSON object)"));
  EXPECT_THAT(log, HasSubstr(R"("text":"{broken"})"));
  EXPECT_THAT(log, HasSubstr(R"({"line":3,"reason":"response: longer than 16384 bytes")"));
  EXPECT_THAT(log, HasSubstr(R"({"line":4,"reason":"user: longer than 256 bytes")"));
  EXPECT_THAT(log, HasSubstr(R"({"line":5,"reason":"user: holds a control character")"));
  EXPECT_THAT(out_ + err_, Not(HasSubstr("broken")));
}

TEST_F(HistoryCommandsTest, EveryRejectionOfTheServerIsLoggedThoughItNamesAHundred) {
  std::string text;
  for (int i = 0; i < 400; ++i) text += Line("ann", absl::StrCat("r", i));
  for (int i = 0; i < 400; i += 2) server_.conflicting_responses.insert(absl::StrCat("r", i));
  ASSERT_EQ(Run({"import", Write("a", text), "--rejects", folder_ + "/r"}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("200 stored, 0 duplicate, 200 rejected"));
  const std::string log = Read(folder_ + "/r");
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 200);
  for (int i = 0; i < 400; ++i) {
    EXPECT_EQ(log.find(absl::StrCat("{\"line\":", i + 1, ",")) != std::string::npos, i % 2 == 0) << i;
  }
}

TEST_F(HistoryCommandsTest, GoesOnAfterTheServerWasAway) {
  std::string text;
  for (int i = 0; i < 12000; ++i) text += Line("ann", absl::StrCat("r", i));
  server_.failures_before_import = 1;  // the second of three chunks, after it was stored
  ASSERT_EQ(Run({"import", Write("a", text)}), 0) << err_;
  EXPECT_EQ(server_.streams, 4);
  EXPECT_EQ(Responses("ann").size(), 12000u);
  EXPECT_THAT(out_, HasSubstr("7,000 stored, 5,000 duplicate, 0 rejected"));
}

// An end in the second of three chunks, with the files that a kill would leave: the same import again sends nothing
// that is done, and its counts and its log are those of one import.
TEST_F(HistoryCommandsTest, InterruptedImportGoesOnAtItsLine) {
  std::string text;
  for (int i = 0; i < 12000; ++i) text += i % 1000 == 999 ? "{broken\n" : Line("ann", absl::StrCat("r", i % 3000));
  const std::string path = Write("a", text), rejects = path + ".rejected.jsonl", state = path + ".import-state";
  server_.good_streams = 1;
  ASSERT_EQ(Run({"import", path}), 1);
  EXPECT_TRUE(std::filesystem::exists(state));
  server_.good_streams = 1000;
  const int streams = server_.streams;
  ASSERT_EQ(Run({"import", path}), 0) << err_;
  EXPECT_THAT(err_, HasSubstr("went on after line 5,005"));
  EXPECT_EQ(server_.streams - streams, 2) << "the chunks from there on";
  EXPECT_THAT(out_, HasSubstr("11,988 stored, 0 duplicate, 12 rejected"));
  const std::string log = Read(rejects);
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 12) << log;
  EXPECT_EQ(Responses("ann").size(), 11988u);
  EXPECT_FALSE(std::filesystem::exists(state)) << "a finished import leaves nothing behind";
  ASSERT_EQ(Run({"import", path}), 0);
  EXPECT_THAT(out_, HasSubstr("0 stored, 11,988 duplicate, 12 rejected"));
}

TEST_F(HistoryCommandsTest, ExportOfAllGivesBackTheImportedBytes) {
  const std::string fine = std::string(kTwoLines) +
                           R"({"user":"ben","post":"","post_user":"","response":"x","time":1.5,"source":""})" + "\n";
  ASSERT_EQ(Run({"import", Write("a.jsonl", fine)}), 0) << err_;
  ASSERT_EQ(Run({"export", "--all", "--out", folder_ + "/all.jsonl"}), 0) << err_;
  EXPECT_EQ(Read(folder_ + "/all.jsonl"), fine);
  EXPECT_THAT(err_, HasSubstr("3 exchanges of 2 users in"));
  EXPECT_EQ(Run({"export"}), 2) << "one of --user and --all";
  EXPECT_EQ(Run({"export", "--all", "--user", "ann"}), 2);
}

TEST_F(HistoryCommandsTest, ReadsGzipAndTsv) {
  const std::string path = folder_ + "/a.txt.gz";
  gzFile file = gzopen(path.c_str(), "wb");
  gzputs(file, "考虑 了\t128271\t613766425\t哈哈\t28211\t613811241\t4\t0\n");
  gzclose(file);
  ASSERT_EQ(Run({"import", path}), 0);
  EXPECT_THAT(Responses("28211"), ElementsAre("哈哈"));
  EXPECT_EQ(server_.histories["28211"][0].time().seconds(), 613811241);
  EXPECT_EQ(server_.histories["28211"][0].post_user(), "128271");
}

TEST_F(HistoryCommandsTest, TruncatedFileStoresItsReadablePartAndFails) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += Line("ann", absl::StrCat("r", i * 7919 % 10007));
  const std::string path = folder_ + "/a.gz";
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, text.data(), text.size());
  gzclose(file);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  EXPECT_EQ(Run({"import", path}), 1);
  EXPECT_THAT(err_, AllOf(HasSubstr("idiolect import: " + path), HasSubstr("the compressed data is cut off here")));
  EXPECT_GT(Responses("ann").size(), 1000u);
}

TEST_F(HistoryCommandsTest, FiltersByUserSplitAndNumber) {
  const std::string path =
      Write("a", Line("ann", "1", "train") + Line("ben", "2", "train") + Line("ann", "3", "test") +
                     Line("ann", "4", "valid") + Line("ann", "5", "train") + Line("cem", "6", "train"));
  const std::string users = Write("users", "ann\nben\n");
  ASSERT_EQ(Run({"import", path, "--split", "train,valid", "--users-file", users, "--limit-per-user", "2"}), 0) << err_;
  EXPECT_THAT(Responses("ann"), ElementsAre("4", "5"));
  EXPECT_THAT(Responses("ben"), ElementsAre("2"));
  EXPECT_THAT(Responses("cem"), IsEmpty());
  EXPECT_THAT(out_, HasSubstr("3 stored, 0 duplicate, 0 rejected, 3 left out by the filters"));
}

TEST_F(HistoryCommandsTest, EraseAsksAtATerminalAndRefusesElsewhere) {
  server_.histories["ann"].resize(3);
  EXPECT_EQ(Run({"erase", "--user", "ann"}, "y\n"), 1);
  EXPECT_EQ(err_, "idiolect erase: there is nobody to ask; --yes erases without asking\n");
  in_is_terminal_ = true;
  EXPECT_EQ(Run({"erase", "--user", "ann"}, "n\n"), 1);
  EXPECT_THAT(err_, HasSubstr("nothing was erased"));
  EXPECT_EQ(server_.histories["ann"].size(), 3u);
  EXPECT_EQ(Run({"erase", "--user", "ann"}, "y\n"), 0);
  EXPECT_THAT(out_, HasSubstr("erased ann: 3 exchanges"));
  EXPECT_EQ(server_.histories.count("ann"), 0u);
}

TEST_F(HistoryCommandsTest, EraseWithYesAsksNobody) {
  server_.histories["ann"].resize(3);
  EXPECT_EQ(Run({"erase", "--user", "ann", "--yes", "--json"}), 0);
  EXPECT_THAT(out_, HasSubstr(R"("exchanges_erased": "3")"));
}

TEST_F(HistoryCommandsTest, UsersWalksAllPages) {
  for (const char* user : {"ann", "ben", "cem"}) server_.histories[user].resize(1200);
  EXPECT_EQ(Run({"users"}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("    1,200  "), HasSubstr("  ann\n"), HasSubstr("  ben\n"), HasSubstr("  cem\n")));
  EXPECT_EQ(Run({"users", "--json"}), 0);
  EXPECT_EQ(std::count(out_.begin(), out_.end(), '\n'), 3);
}

TEST_F(HistoryCommandsTest, ProfileShowsStyleVocabularyAndMemory) {
  ASSERT_EQ(Run({"import", Write("a", kTwoLines)}), 0);
  EXPECT_EQ(Run({"profile", "--user", "ann", "--post", "well?"}), 0);
  EXPECT_THAT(out_,
              AllOf(HasSubstr("ann  2 exchanges"), HasSubstr("25 % ask"), HasSubstr("grand              1,234  ███"),
                    HasSubstr("50.0 %  ‹ hi\n           › hello 🙂\n")));
  EXPECT_EQ(Run({"profile", "--user", "nobody"}), 0);
  EXPECT_THAT(out_, HasSubstr("nothing is known of this person"));
}

}  // namespace
}  // namespace idiolect
