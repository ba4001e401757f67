#include "cli/command_line.h"

#include <map>
#include <sstream>

#include "cli/commands.h"
#include "cli/loading_environment.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace idiolect {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::StartsWith;

class SmallCommand : public Command {
 public:
  SmallCommand(const char* name, bool computes, absl::Status status)
      : name_(name), computes_(computes), status_(status) {}
  VerbText text() const override { return {name_, kResearchGroup, "Small", "Teaching.\n"}; }
  void AddOptions(CLI::App& verb) override { verb.add_option("--number", number_, "A number"); }
  absl::Status Run(Console& console) override {
    console.out << "ran with " << number_;
    return status_;
  }
  bool computes() const override { return computes_; }

 private:
  const char* name_;
  bool computes_;
  absl::Status status_;
  int number_ = 0;
};

class CommandLineTest : public ::testing::Test {
 protected:
  int Run(std::vector<const char*> argv) {
    argv.insert(argv.begin(), "idiolect");
    Commands commands;
    commands.push_back(std::make_unique<SmallCommand>("fine", false, absl::OkStatus()));
    commands.push_back(std::make_unique<SmallCommand>("fails", true, absl::InternalError("two\nlines")));
    std::istringstream in;
    std::ostringstream out, err;
    Console console{in, out, err};
    const int code = RunCommandLine(commands, argv.size(), argv.data(), console, [this] { ++prepared_; });
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  std::string out_, err_;
  int prepared_ = 0;
};

TEST_F(CommandLineTest, ExitCodesTellUsageFromFailure) {
  EXPECT_EQ(Run({"fine", "--number", "3"}), 0);
  EXPECT_EQ(out_, "ran with 3");
  EXPECT_EQ(Run({"fails"}), 1);
  EXPECT_EQ(err_, "idiolect fails: two lines\n");
  EXPECT_EQ(Run({"fine", "--number", "three"}), 2);
  EXPECT_THAT(err_, AllOf(StartsWith("idiolect fine: "), HasSubstr("`idiolect fine --help` explains")));
  EXPECT_EQ(Run({"dance"}), 2);
  EXPECT_EQ(Run({}), 2);
  EXPECT_EQ(Run({"fine", "--dance"}), 2);
}

TEST_F(CommandLineTest, HelpAndVersionAreFine) {
  EXPECT_EQ(Run({"--help"}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("Research:\n  fine "), HasSubstr("Exit codes: 0 fine")));
  EXPECT_EQ(Run({"fine", "--help"}), 0);
  EXPECT_THAT(out_, HasSubstr("Teaching."));
  EXPECT_EQ(Run({"--version"}), 0);
  EXPECT_THAT(out_, StartsWith("idiolect "));
}

TEST_F(CommandLineTest, OnlyComputingVerbsNeedTheirEnvironment) {
  Run({"fine"});
  EXPECT_EQ(prepared_, 0);
  Run({"fails"});
  EXPECT_EQ(prepared_, 1);
}

TEST(CommandsTest, EveryVerbTeachesByExample) {
  for (const auto& command : AllCommands()) {
    EXPECT_THAT(command->text().teaching, HasSubstr(std::string("$ idiolect ") + command->text().name))
        << command->text().name;
  }
}

TEST(LoadingEnvironmentTest, AddsOnlyWhatIsMissing) {
  std::map<std::string, const char*> environment;
  const auto get = [&](const char* name) { return environment.count(name) > 0 ? environment[name] : nullptr; };
  EXPECT_THAT(MissingVariables({.avx512 = true, .avx2 = true}, get),
              ElementsAre(Pair("OPENBLAS_CORETYPE", "SKYLAKEX"), Pair("OPENBLAS_NUM_THREADS", "1"),
                          Pair("OMP_NUM_THREADS", "1"), Pair("LD_BIND_NOW", "1")));
  EXPECT_THAT(MissingVariables({.avx2 = true}, get)[0], Pair("OPENBLAS_CORETYPE", "HASWELL"));
  EXPECT_EQ(MissingVariables({}, get)[0].first, "OPENBLAS_NUM_THREADS");
  environment = {
      {"OPENBLAS_CORETYPE", ""}, {"OPENBLAS_NUM_THREADS", "2"}, {"OMP_NUM_THREADS", "4"}, {"LD_BIND_NOW", ""}};
  EXPECT_THAT(MissingVariables({.avx512 = true, .avx2 = true}, get), IsEmpty());
}

}  // namespace
}  // namespace idiolect
