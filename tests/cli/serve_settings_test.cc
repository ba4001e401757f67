// The settings of `serve` as a whole: the shipped example, precedence, and what the command line says.
#include "cli/serve_settings.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <regex>

#include "tests/cli/command_fixture.h"

namespace idiolect {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ServeSettingsTest : public CommandFixture {
 protected:
  ~ServeSettingsTest() override { unsetenv("IDIOLECT_MAX_QUEUE"); }

  // The line of --print-config for a setting, and where it came from, with one space each.
  std::string Line(const std::string& name) const {
    std::smatch line;
    if (!std::regex_search(out_, line, std::regex("(?:^|\n)(" + name + " = .*)"))) return "";
    return std::regex_replace(line[1].str(), std::regex(" +"), " ");
  }
};

TEST_F(ServeSettingsTest, TheShippedExampleIsWhatTheProgramPrints) {
  ASSERT_EQ(RunAlone({"idiolect", "serve", "--example-config"}), 0) << err_;
  EXPECT_EQ(Read(IDIOLECT_SOURCE_DIR "/docker/idiolect.toml"), out_)
      << "run `build/bin/idiolect serve --example-config > docker/idiolect.toml`";
}

TEST_F(ServeSettingsTest, TheShippedExampleMeansTheDefaults) {
  ASSERT_EQ(RunAlone({"idiolect", "serve", "--print-config"}), 0) << err_;
  const std::string defaults = std::regex_replace(out_, std::regex(" +# .*"), "");
  const std::string all_lines =
      std::regex_replace(Read(IDIOLECT_SOURCE_DIR "/docker/idiolect.toml"), std::regex("(^|\n)# ([a-z_]+ = )"), "$1$2");
  const std::string path = Write("all.toml", all_lines);
  ASSERT_EQ(RunAlone({"idiolect", "serve", "--config", path, "--print-config"}), 0) << err_;
  EXPECT_THAT(Line("max_queue"), HasSubstr(path + ":"));
  EXPECT_EQ(std::regex_replace(out_, std::regex(" +# .*"), ""), defaults);
}

TEST_F(ServeSettingsTest, FlagsOverruleTheEnvironmentOverrulesTheFile) {
  const std::string path = Write("some.toml", "max_queue = 5\nmax_batch_rows = 6\nengines = 7\n");
  setenv("IDIOLECT_MAX_QUEUE", "50", 1);
  ASSERT_EQ(RunAlone({"idiolect", "serve", "--config", path, "--print-config", "--max-batch-rows", "60"}), 0) << err_;
  EXPECT_EQ(Line("max_queue"), "max_queue = 50 # environment IDIOLECT_MAX_QUEUE");
  EXPECT_EQ(Line("max_batch_rows"), "max_batch_rows = 60 # flag --max-batch-rows");
  EXPECT_EQ(Line("engines"), "engines = 7 # " + path + ":3");
  EXPECT_EQ(Line("listen"), "listen = \"127.0.0.1:50051\" # default");
}

TEST_F(ServeSettingsTest, SwitchesHaveTwoFlags) {
  ASSERT_EQ(RunAlone({"idiolect", "serve", "--print-config", "--no-wipe-memory"}), 0) << err_;
  EXPECT_EQ(Line("wipe_memory"), "wipe_memory = false # flag --wipe-memory");
}

TEST_F(ServeSettingsTest, MistakesAreExplained) {
  EXPECT_EQ(RunAlone({"idiolect", "serve", "--max-queue", "0"}), 2);
  EXPECT_THAT(err_, HasSubstr("--max-queue: expected INT from 1, got '0'"));
  EXPECT_EQ(RunAlone({"idiolect", "serve", "--config", Write("wrong.toml", "precison = 'int8'\n")}), 1);
  EXPECT_THAT(err_, HasSubstr("wrong.toml:1: precison is not a setting; the nearest one is precision"));
  EXPECT_EQ(RunAlone({"idiolect", "serve", "--store", "memory:"}), 1);
  EXPECT_THAT(err_, HasSubstr("model: is not set"));
}

TEST_F(ServeSettingsTest, WhatSlowAndSilentClientsMayTakeIsSet) {
  ASSERT_EQ(RunAlone({"idiolect", "serve", "--print-config", "--silent-connection-seconds", "2.5", "--stuck-seconds",
                      "7", "--max-unsent-bytes", "1048576", "--max-resets-per-second", "0", "--max-bytes-per-second",
                      "0", "--no-batch-scheduling"}),
            0)
      << err_;
  EXPECT_EQ(Line("silent_connection_seconds"), "silent_connection_seconds = 2.5 # flag --silent-connection-seconds");
  EXPECT_EQ(Line("max_resets_per_second"), "max_resets_per_second = 0 # flag --max-resets-per-second");
  EXPECT_EQ(Line("max_bytes_per_second"), "max_bytes_per_second = 0 # flag --max-bytes-per-second");
  EXPECT_EQ(Line("stuck_seconds"), "stuck_seconds = 7 # flag --stuck-seconds");
  EXPECT_EQ(Line("max_unsent_bytes"), "max_unsent_bytes = 1048576 # flag --max-unsent-bytes");
  EXPECT_EQ(Line("batch_scheduling"), "batch_scheduling = false # flag --batch-scheduling");
}

TEST_F(ServeSettingsTest, WhatSlowAndSilentClientsMayTakeHasItsRange) {
  EXPECT_EQ(RunAlone({"idiolect", "serve", "--silent-connection-seconds", "0"}), 2);
  EXPECT_THAT(err_, HasSubstr("--silent-connection-seconds: expected NUMBER in [0.1, 86400], got '0'"));
  EXPECT_EQ(RunAlone({"idiolect", "serve", "--stuck-seconds", "never"}), 2);
  EXPECT_THAT(err_, HasSubstr("--stuck-seconds: expected NUMBER in [0.1, 86400], got 'never'"));
  EXPECT_EQ(RunAlone({"idiolect", "serve", "--max-resets-per-second", "-1"}), 2);
  EXPECT_THAT(err_, HasSubstr("--max-resets-per-second: expected INT in [0, 1000000], got '-1'"));
  EXPECT_EQ(RunAlone({"idiolect", "serve", "--max-unsent-bytes", "16383"}), 2);
  EXPECT_THAT(err_, HasSubstr("--max-unsent-bytes: expected INT from 16384, got '16383'"));
}

TEST_F(ServeSettingsTest, TimesReachTheServer) {
  ServeSettings settings;
  settings.silent_connection_seconds = 1.5;
  settings.stuck_seconds = 2.5;
  settings.ConvertTimes();
  EXPECT_EQ(settings.server.silent_connection, absl::Milliseconds(1500));
  EXPECT_EQ(settings.server.stuck_limit, absl::Milliseconds(2500));
}

TEST_F(ServeSettingsTest, DefaultsAreTheServersOwn) {
  ServeSettings settings;
  settings.ConvertTimes();
  const ServerOptions own;
  EXPECT_EQ(settings.server.silent_connection, own.silent_connection);
  EXPECT_EQ(settings.server.stuck_limit, own.stuck_limit);
  EXPECT_EQ(settings.server.idle_connection, own.idle_connection);
  EXPECT_EQ(settings.server.handshake_limit, own.handshake_limit);
  EXPECT_EQ(settings.server.drain_limit, own.drain_limit);
}

TEST_F(ServeSettingsTest, PasswordOfTheStoreIsNotPrinted) {
  ASSERT_EQ(RunAlone({"idiolect", "serve", "--print-config", "--store", "postgres://ann:s3cret@db/x"}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("postgres://ann:********@db/x"));
  EXPECT_THAT(out_, Not(HasSubstr("s3cret")));
}

TEST_F(ServeSettingsTest, AnAddressForOthersIsRefusedBeforeTheModelIsLoaded) {
  const std::vector<std::string> serve = {"idiolect", "serve",   "--model",  "nowhere",
                                          "--store",  "memory:", "--listen", "0.0.0.0:0"};
  EXPECT_EQ(RunAlone(serve), 1);
  EXPECT_THAT(err_, HasSubstr("listen: others than this machine can reach 0.0.0.0:0"));
  EXPECT_THAT(err_, HasSubstr("unsafe_remote and unsafe_no_tls and unsafe_no_keys"));
}

}  // namespace
}  // namespace idiolect
