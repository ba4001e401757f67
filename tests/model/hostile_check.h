// What must hold of every model directory, whatever stands in it: it is refused by a message that names the file, or it
// can be used. Neither takes more memory than the files have, plus a constant.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tests/model/model_files.h"

namespace idiolect::testing {

class HostileModelTest : public ::testing::Test {
 protected:
  // Lays the files out and loads them under the limit on memory. Fails the test on an error of another kind or without
  // the name of one of the files, and when a model that loads can't be used. Returns the error's message, empty when it
  // loaded.
  std::string Try(const ModelFiles& files);
  // The same for the directory as it stands.
  std::string TryDirectory();
  // Tries the files; fails unless they are refused by a message that holds both.
  void ExpectRefused(const ModelFiles& files, const std::string& file, const std::string& fault);

  void SetUp() override;
  void TearDown() override;
  std::string dir_;
};

}  // namespace idiolect::testing
