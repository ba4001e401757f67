#include "access/audit_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "access/audit_check.h"
#include "nlohmann/json.hpp"
#include "tests/support/temp_folder.h"

namespace idiolect {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

AuditEvent Export(const std::string& user) {
  return {.what = "export",
          .method = "HistoryService.ExportUser",
          .key_id = "0123456789ab",
          .tenant = "acme",
          .user_id = user,
          .outcome = "BEGUN"};
}

class AuditLogTest : public ::testing::Test {
 protected:
  std::unique_ptr<AuditLog> Open(bool user_ids = true) { return AuditLog::Open(path_, user_ids).value(); }
  std::vector<std::string> Lines() const {
    std::ifstream file(path_);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
  void Write(const std::vector<std::string>& lines) const {
    std::ofstream file(path_);
    for (const std::string& line : lines) file << line << "\n";
  }
  void Fill(int records) {
    const auto log = Open();
    for (int i = 0; i < records; ++i) ASSERT_TRUE(log->Append(Export("ann")).ok());
  }
  static absl::StatusOr<AuditCheck> Check(const std::string& path) {
    return ReadAuditLog(path, [](auto, const auto&, auto) {});
  }
  std::string Problem() const { return std::string(Check(path_).status().message()); }

  const TempFolder folder_;
  const std::string path_ = folder_.File("audit.jsonl");
};

TEST_F(AuditLogTest, SaysWhoDidWhatToWhomAndWhen) {
  ASSERT_TRUE(Open()->Append(Export("ann \"the\" first, ü")).ok());
  const nlohmann::json record = nlohmann::json::parse(Lines().at(1));
  EXPECT_EQ(record["what"], "export");
  EXPECT_EQ(record["method"], "HistoryService.ExportUser");
  EXPECT_EQ(record["key"], "0123456789ab");
  EXPECT_EQ(record["tenant"], "acme");
  EXPECT_EQ(record["user"], "ann \"the\" first, ü");
  EXPECT_EQ(record["outcome"], "BEGUN");
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, record["time"].get<std::string>(), &time, &error)) << error;
}

TEST_F(AuditLogTest, NamesUsersByAHashOnRequest) {
  ASSERT_TRUE(Open(/*user_ids=*/false)->Append(Export("ann")).ok());
  EXPECT_THAT(Lines().at(1), Not(HasSubstr("ann")));
  std::string hash;
  ASSERT_TRUE(ReadAuditLog(path_, [&](auto, const ParsedAuditLine& line, std::string_view salt) {
                if (line.link.seq == 1 && line.user_hash == UserHash(salt, "acme", "ann")) hash = line.user_hash;
              }).ok());
  EXPECT_EQ(hash.size(), 64u);
  EXPECT_NE(hash, UserHash("", "acme", "ann"));  // it is salted
}

TEST_F(AuditLogTest, GoesOnAfterARestart) {
  Fill(3);
  Fill(2);
  EXPECT_EQ(Check(path_)->records, 5);
  EXPECT_EQ(Check(path_)->previous, NoHash());
}

TEST_F(AuditLogTest, ManyThreadsMakeOneChain) {
  {
    const auto log = Open();
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int k = 0; k < 100; ++k) EXPECT_TRUE(log->Append(Export("ann")).ok());
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(Check(path_)->records, 400);
}

TEST_F(AuditLogTest, EveryChangeIsNamedByItsLine) {
  Fill(4);
  const std::vector<std::string> good = Lines();
  ASSERT_EQ(Problem(), "");
  for (size_t i = 0; i < good.size(); ++i) {
    for (size_t k = 0; k < good[i].size(); k += 7) {
      std::vector<std::string> lines = good;
      lines[i][k] ^= 1;
      Write(lines);
      EXPECT_THAT(Problem(), HasSubstr("audit.jsonl:" + std::to_string(i + 1) + ": ")) << lines[i];
    }
  }
}

TEST_F(AuditLogTest, LinesThatAreMissingAddedOrMovedAreNamed) {
  Fill(4);
  const std::vector<std::string> good = Lines();
  std::vector<std::string> lines = good;
  lines.erase(lines.begin() + 2);
  Write(lines);
  EXPECT_THAT(Problem(), HasSubstr("audit.jsonl:3: does not follow from the line before it"));
  lines = good;
  lines.insert(lines.begin() + 2, good[2]);
  Write(lines);
  EXPECT_THAT(Problem(), HasSubstr("audit.jsonl:4: "));
  lines = good;
  std::swap(lines[2], lines[3]);
  Write(lines);
  EXPECT_THAT(Problem(), HasSubstr("audit.jsonl:3: "));
  Write({good.begin() + 1, good.end()});
  EXPECT_THAT(Problem(), HasSubstr("audit.jsonl:1: is not the first line"));
  Write({});
  EXPECT_THAT(Problem(), HasSubstr("audit.jsonl:1: is missing"));
}

// A whole chain made anew is in order by itself; the noted hash is what tells.
TEST_F(AuditLogTest, ALineThatIsSealedAnewBreaksTheChainBehindIt) {
  Fill(3);
  std::vector<std::string> lines = Lines();
  const ParsedAuditLine before = ParseAuditLine(lines[0]).value();
  AuditLink link = before.link;
  lines[1] = ToAuditLine(Export("ben"), absl::UnixEpoch(), "", link);
  lines[1].pop_back();
  Write(lines);
  EXPECT_THAT(Problem(), HasSubstr("audit.jsonl:3: does not follow"));
}

TEST_F(AuditLogTest, AHalfLineOfACrashIsCutOff) {
  Fill(2);
  std::ofstream(path_, std::ios::app) << R"({"seq":3,"time":"20)";
  EXPECT_THAT(Problem(), HasSubstr("audit.jsonl:4: "));
  Fill(1);
  EXPECT_EQ(Check(path_)->records, 3);
}

TEST_F(AuditLogTest, NothingIsAddedToABrokenLog) {
  Fill(2);
  std::vector<std::string> lines = Lines();
  lines.back()[3] ^= 1;
  Write(lines);
  EXPECT_EQ(AuditLog::Open(path_, true).status().code(), absl::StatusCode::kDataLoss);
  Write({"something else"});
  EXPECT_EQ(AuditLog::Open(path_, true).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(AuditLogTest, ALogHasOneWriter) {
  const auto log = Open();
  EXPECT_EQ(AuditLog::Open(path_, true).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(AuditLogTest, ARenamedLogIsFollowedByOneThatGoesOnWithIt) {
  const auto log = Open();
  ASSERT_TRUE(log->Append(Export("ann")).ok());
  std::filesystem::rename(path_, folder_.File("old.jsonl"));
  ASSERT_TRUE(log->Append(Export("ben")).ok());
  EXPECT_EQ(Check(path_)->records, 1);
  EXPECT_EQ(Check(path_)->previous, Check(folder_.File("old.jsonl"))->last);
}

TEST_F(AuditLogTest, WhatCanNotBeWrittenIsNotOk) {
  const auto log = Open();
  std::filesystem::remove_all(folder_.path());
  EXPECT_EQ(log->Append(Export("ann")).code(), absl::StatusCode::kUnavailable);
}

TEST_F(AuditLogTest, AFullDiskIsNoticedAtTheStart) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full";
  EXPECT_FALSE(AuditLog::Open("/dev/full", true).ok());
}

}  // namespace
}  // namespace idiolect
