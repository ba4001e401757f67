// The verb, from its flags to its figures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/command_line.h"
#include "cli/commands.h"

namespace idiolect {
namespace {

using ::testing::HasSubstr;
using Flags = std::vector<const char*>;

class BenchCommandTest : public ::testing::Test {
 protected:
  int Run(Flags flags) {
    flags.insert(flags.begin(), {"idiolect", "bench"});
    Commands commands;
    commands.push_back(MakeBenchCommand());
    std::istringstream in;
    std::ostringstream out, err;
    Console console{in, out, err};
    const int code = RunCommandLine(commands, static_cast<int>(flags.size()), flags.data(), console, [] {});
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  nlohmann::json Measure(Flags more) {
    Flags flags = {"--model", IDIOLECT_TINY_MODEL, "--users", "20",     "--seconds",
                   "0.3",     "--warmup-seconds",  "0.1",     "--json", "--engines",
                   "1",       "--concurrency",     "8"};
    flags.insert(flags.end(), more.begin(), more.end());
    EXPECT_EQ(Run(flags), 0) << err_;
    return nlohmann::json::parse(out_);
  }

  std::string out_, err_;
};

void ExpectAllFigures(const nlohmann::json& json) {
  EXPECT_GT(json["replies_per_second"], 0);
  EXPECT_GT(json["tokens_per_second"], json["replies_per_second"]);
  for (const char* times : {"total_ms", "first_token_ms", "queue_ms"}) {
    for (const char* rank : {"p50", "p90", "p99"}) EXPECT_TRUE(json[times][rank].is_number()) << times << rank;
  }
  EXPECT_GE(json["total_ms"]["p50"], json["first_token_ms"]["p50"]);
  EXPECT_GE(json["total_ms"]["p99"], json["total_ms"]["p50"]);
  EXPECT_GT(json["batch_occupancy"], 0);
  EXPECT_EQ(json["wasted_steps"], 0);
  EXPECT_GT(json["resident_bytes"], 1 << 20);
  EXPECT_TRUE(json["errors"].empty()) << json["errors"];
}

TEST_F(BenchCommandTest, MeasuresAnEngine) {
  const nlohmann::json json = Measure({});
  ExpectAllFigures(json);
  EXPECT_EQ(json["over_grpc"], false);
  EXPECT_EQ(json["profiles_built"], 0);  // all users were warm
}

TEST_F(BenchCommandTest, MeasuresAServerOfItsOwn) {
  const nlohmann::json json = Measure({"--grpc"});
  ExpectAllFigures(json);
  EXPECT_EQ(json["over_grpc"], true);
}

// Of an engine and of a server, which refuses what is out of range.
TEST_F(BenchCommandTest, PassesGuidanceOn) {
  EXPECT_GT(Measure({"--guidance", "1", "--word-guidance", "0.35"})["batch_occupancy"], 8) << "two rows a reply";
  EXPECT_GT(Measure({"--guidance", "1", "--word-guidance", "0.35", "--grpc"})["replies_per_second"], 0);
  const Flags wrong = {"--model", IDIOLECT_TINY_MODEL, "--seconds", "0.2", "--warmup-seconds", "0", "--grpc"};
  for (const char* option : {"--guidance", "--word-guidance"}) {
    Flags flags = wrong;
    flags.insert(flags.end(), {option, "6"});
    EXPECT_NE(Run(flags), 0) << option;
  }
}

TEST_F(BenchCommandTest, MeasuresStreams) { ExpectAllFigures(Measure({"--grpc", "--stream"})); }

TEST_F(BenchCommandTest, MeasuresRankings) {
  EXPECT_GT(Measure({"--score", "3"})["replies_per_second"], 0);
  EXPECT_GT(Measure({"--score", "3", "--grpc"})["tokens_per_second"], 0);
}

TEST_F(BenchCommandTest, MeasuresAnOpenLoop) {
  const nlohmann::json json = Measure({"--rate", "50"});
  EXPECT_GT(json["offered"], 0);
  EXPECT_LE(json["replies"], json["offered"]);
}

TEST_F(BenchCommandTest, ColdUsersHaveTheirProfilesBuilt) {
  EXPECT_GT(Measure({"--cold", "--profile-cache-mib", "0"})["profiles_built"], 0);
}

TEST_F(BenchCommandTest, ATableSaysTheSame) {
  ASSERT_EQ(Run({"--model", IDIOLECT_TINY_MODEL, "--users", "5", "--seconds", "0.2", "--warmup-seconds", "0"}), 0);
  EXPECT_THAT(out_, HasSubstr("replies a second"));
  EXPECT_THAT(out_, HasSubstr("first token"));
}

TEST_F(BenchCommandTest, WrongFlagsAreRefusedByName) {
  EXPECT_NE(Run({"--seconds", "1"}), 0);
  EXPECT_THAT(err_, HasSubstr("--random-weights"));
  EXPECT_NE(Run({"--model", "x", "--server", "localhost:1"}), 0);
  EXPECT_THAT(err_, HasSubstr("--server"));
  EXPECT_NE(Run({"--model", IDIOLECT_TINY_MODEL, "--precision", "int4"}), 0);
  EXPECT_THAT(err_, HasSubstr("int4"));
  EXPECT_NE(Run({"--random-weights", "/nowhere.json"}), 0);
  EXPECT_THAT(err_, HasSubstr("/nowhere.json"));
  EXPECT_NE(Run({"--model", IDIOLECT_TINY_MODEL, "--stream"}), 0);
  EXPECT_THAT(err_, HasSubstr("--stream"));
}

}  // namespace
}  // namespace idiolect
