// Runs verbs as main does, with strings for the terminal, against a FakeServer.
#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "gtest/gtest.h"
#include "tests/cli/fake_server.h"
#include "tests/support/temp_folder.h"

namespace idiolect {

class CommandFixture : public ::testing::Test {
 protected:
  // `idiolect ARGUMENTS… --server ADDRESS`, with `input` on standard input. The exit code; what was written is in out_,
  // err_.
  int Run(std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.begin(), "idiolect");
    arguments.insert(arguments.begin() + 2, {"--server", server_.address()});
    return RunAlone(arguments, input);
  }

  // The whole command line as given.
  int RunAlone(const std::vector<std::string>& arguments, const std::string& input = "") {
    std::vector<const char*> argv;
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    std::istringstream in(input);
    std::ostringstream out, err;
    Console console{in, out, err};
    console.in_is_terminal = in_is_terminal_;
    const int code = RunCommandLine(AllCommands(), static_cast<int>(argv.size()), argv.data(), console, [] {});
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  static std::string Read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  FakeServer server_;
  const TempFolder temp_;
  const std::string folder_ = temp_.path().string();
  std::string out_, err_;
  bool in_is_terminal_ = false;
};

}  // namespace idiolect
