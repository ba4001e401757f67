#include "cli/start_report.h"

#include <gmock/gmock.h>

#include <sstream>

namespace idiolect {
namespace {

using ::testing::HasSubstr;

TEST(StartReportTest, ShowsNoPassword) {
  ServeSettings settings;
  settings.store_url = "postgres://ann:s3cret@db.example.org:5432/idiolect";
  std::ostringstream out;
  ReportStore(settings, out);
  EXPECT_EQ(out.str(), "store postgres://ann:********@db.example.org:5432/idiolect, texts not encrypted\n");
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

TEST(StartReportTest, SaysWhoIsLetIn) {
  std::ostringstream open, closed;
  ServerOptions options;
  ReportProtection(options, open);
  EXPECT_EQ(open.str(), "access without TLS, nobody is asked for a key, no audit log\n");
  options.tls = {.cert = "server.pem", .key = "server.key", .client_ca = "clients.pem"};
  options.api_keys_file = "keys.jsonl";
  options.audit_file = "audit.jsonl";
  ReportProtection(options, closed);
  EXPECT_EQ(
      closed.str(),
      "access over TLS with server.pem, clients show certificates of clients.pem, API keys of keys.jsonl, audit log "
      "audit.jsonl\n");
}

}  // namespace
}  // namespace idiolect
