#include <gmock/gmock.h>

#include "access/audit_check.h"
#include "access/audit_log.h"
#include "tests/cli/command_fixture.h"

namespace idiolect {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class AuditCommandTest : public CommandFixture {
 protected:
  void Fill(bool user_ids) {
    const auto log = AuditLog::Open(path_, user_ids).value();
    for (const char* user : {"ann", "ben", "ann"}) {
      ASSERT_TRUE(log->Append({.what = "read",
                               .method = "HistoryService.GetExchange",
                               .key_id = "",
                               .tenant = "default",
                               .user_id = user,
                               .outcome = "BEGUN"})
                      .ok());
    }
  }
  int Audit(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"idiolect", "audit"});
    arguments.insert(arguments.begin() + 3, path_);
    return RunAlone(arguments);
  }

  const std::string path_ = folder_ + "/audit.jsonl";
};

TEST_F(AuditCommandTest, VerifiesAWholeLogAndGivesItsLastHash) {
  Fill(true);
  ASSERT_EQ(Audit({"verify"}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("3 records, unbroken; the last hash is "));
  const std::string hash = out_.substr(out_.rfind(' ') + 1, 64);
  Fill(true);
  EXPECT_EQ(Audit({"verify", "--has", hash}), 0) << err_;
  EXPECT_EQ(Audit({"verify", "--has", std::string(64, 'a')}), 1);
}

TEST_F(AuditCommandTest, NamesTheFirstBrokenLine) {
  Fill(true);
  std::string text = Read(path_);
  text[text.find("ben")] = 'k';
  Write("audit.jsonl", text);
  EXPECT_EQ(Audit({"verify"}), 1);
  EXPECT_THAT(err_, HasSubstr("audit.jsonl:3: is not as it was written"));
}

TEST_F(AuditCommandTest, ShowsTheRecordsOfOneUser) {
  for (const bool user_ids : {true, false}) {
    Write("audit.jsonl", "");
    Fill(user_ids);
    ASSERT_EQ(Audit({"show", "--user", "ann"}), 0) << err_;
    EXPECT_THAT(out_, AllOf(HasSubstr("\"seq\":1,"), HasSubstr("\"seq\":3,"), Not(HasSubstr("\"seq\":2,"))));
    EXPECT_EQ(Audit({"show", "--user", "ann", "--tenant", "acme"}), 0);
    EXPECT_EQ(out_, "");
  }
}

}  // namespace
}  // namespace idiolect
