#include "cli/start_report.h"

#include <gmock/gmock.h>

#include <sstream>

namespace idiolect {
namespace {

using ::testing::HasSubstr;

TEST(StartReportTest, ShowsNoPassword) {
  EXPECT_EQ(WithoutPassword("postgres://ann:s3cret@db.example.org:5432/idiolect"),
            "postgres://ann:********@db.example.org:5432/idiolect");
  EXPECT_EQ(WithoutPassword("postgres://ann:p@ss:w@host/db"), "postgres://ann:********@host/db");
  for (const char* without : {"sqlite:/var/a@b:c.db", "postgres://ann@host:5432/db", "memory:"}) {
    EXPECT_EQ(WithoutPassword(without), without);
  }
}

TEST(StartReportTest, SaysWhetherTextsAreEncrypted) {
  ServeSettings settings;
  settings.store_url = "sqlite:x.db";
  std::ostringstream plain, sealed;
  ReportStore(settings, plain);
  EXPECT_EQ(plain.str(), "store sqlite:x.db, texts not encrypted\n");
  settings.master_key_file = "key";
  ReportStore(settings, sealed);
  EXPECT_THAT(sealed.str(), HasSubstr("encrypted under the master key"));
}

}  // namespace
}  // namespace idiolect
