// Where the master key comes from, and which files and texts are refused.
#include "store/master_key.h"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace idiolect {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kBytes = "0123456789abcdefghijklmnopqrstu\xff";

std::string BytesOf(const SecretKey& key) { return {reinterpret_cast<const char*>(key.data()), key.size()}; }

class MasterKeyTest : public testing::Test {
 protected:
  void TearDown() override { unsetenv("IDIOLECT_MASTER_KEY"); }
  std::string Write(const std::string& text, mode_t mode = 0600) {
    const std::string path = folder_.File("master.key");
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  }

  TempFolder folder_;
};

TEST_F(MasterKeyTest, HexadecimalAndBase64AreRead) {
  for (const std::string& text : {absl::BytesToHexString(kBytes), absl::Base64Escape(kBytes)}) {
    EXPECT_EQ(BytesOf(ParseMasterKey(text, "test").value()), kBytes) << text;
    EXPECT_EQ(BytesOf(ParseMasterKey(" " + text + "\n", "test").value()), kBytes) << text;
    EXPECT_EQ(BytesOf(ReadMasterKeyFile(Write(text + "\n")).value()), kBytes);
  }
}

TEST_F(MasterKeyTest, OtherTextsAreRefusedWithoutBeingShown) {
  for (const std::string text : {"", "secretsecret", "c2VjcmV0", "0123456789abcdef0123456789abcdef"}) {
    const absl::Status status = ParseMasterKey(text, "the file k").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr("the file k"));
    if (!text.empty()) {
      EXPECT_THAT(std::string(status.message()), Not(HasSubstr(text)));
    }
  }
}

TEST_F(MasterKeyTest, FileOpenToEverybodyIsRefused) {
  const absl::Status status = ReadMasterKeyFile(Write(absl::BytesToHexString(kBytes), 0644)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("chmod 600"));
  EXPECT_TRUE(ReadMasterKeyFile(Write(absl::BytesToHexString(kBytes), 0640)).ok()) << "a group may be let in";
}

TEST_F(MasterKeyTest, MissingFileIsNamed) {
  const absl::Status status = ReadMasterKeyFile(folder_.File("nowhere")).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("nowhere"));
}

TEST_F(MasterKeyTest, FileGoesBeforeTheEnvironment) {
  EXPECT_FALSE(FindMasterKey("")->has_value());
  setenv("IDIOLECT_MASTER_KEY", absl::Base64Escape(std::string(32, 'e')).c_str(), 1);
  EXPECT_EQ(BytesOf(**FindMasterKey("")), std::string(32, 'e'));
  EXPECT_EQ(BytesOf(**FindMasterKey(Write(absl::BytesToHexString(kBytes)))), kBytes);
  setenv("IDIOLECT_MASTER_KEY", "no key", 1);
  EXPECT_THAT(std::string(FindMasterKey("").status().message()), HasSubstr("IDIOLECT_MASTER_KEY"));
}

}  // namespace
}  // namespace idiolect
