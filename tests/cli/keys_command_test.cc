#include <gmock/gmock.h>

#include "access/api_key_file.h"
#include "tests/cli/command_fixture.h"

namespace idiolect {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class KeysCommandTest : public CommandFixture {
 protected:
  int Keys(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"idiolect", "keys"});
    arguments.insert(arguments.begin() + 3, {"--file", path_});
    return RunAlone(arguments);
  }
  // The text of a new key.
  std::string Create(const std::string& scopes) {
    EXPECT_EQ(Keys({"create", "--tenant", "acme", "--scopes", scopes}), 0) << err_;
    return out_.substr(0, out_.find('\n'));
  }

  const std::string path_ = folder_ + "/keys.jsonl";
};

TEST_F(KeysCommandTest, AKeyIsShownOnceAndKeptAsAHash) {
  const std::string text = Create("reply,history.read");
  EXPECT_EQ(out_, text + "\n");  // fit for KEY=$(idiolect keys create …)
  const std::string id(KeyIdOf(text));
  EXPECT_THAT(err_, HasSubstr("key " + id + " of tenant acme"));
  EXPECT_THAT(Read(path_), AllOf(HasSubstr(id), Not(HasSubstr(text.substr(17)))));
  EXPECT_EQ(Keys({"list"}), 0) << err_;
  EXPECT_THAT(out_, ContainsRegex(id + " +valid +acme +reply,history.read +20"));
  EXPECT_EQ(Keys({"list", "--json"}), 0) << err_;
  EXPECT_EQ(out_, Read(path_));
}

TEST_F(KeysCommandTest, ARevokedKeyStaysInTheList) {
  const std::string first(KeyIdOf(Create("reply"))), second(KeyIdOf(Create("admin")));
  EXPECT_EQ(Keys({"revoke", first}), 0) << err_;
  EXPECT_EQ(Keys({"list"}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr(first + "  revoked"), HasSubstr(second + "  valid")));
  const absl::Time revoked = ReadApiKeyFile(path_).value()[0].revoked;
  EXPECT_EQ(Keys({"revoke", first}), 0) << "once more";
  EXPECT_EQ(ReadApiKeyFile(path_).value()[0].revoked, revoked);
}

TEST_F(KeysCommandTest, KeysCanExpire) {
  ASSERT_EQ(Keys({"create", "--tenant", "acme", "--scopes", "reply", "--expires-days", "30"}), 0) << err_;
  const ApiKey key = ReadApiKeyFile(path_).value()[0];
  EXPECT_EQ(key.expires - key.created, absl::Hours(24 * 30));
}

TEST_F(KeysCommandTest, MistakesAreExplained) {
  EXPECT_EQ(Keys({"create", "--tenant", "acme", "--scopes", "everything"}), 1);
  EXPECT_THAT(err_, HasSubstr("--scopes: 'everything' is no scope"));
  EXPECT_EQ(Keys({"create", "--tenant", "a b", "--scopes", "reply"}), 1);
  EXPECT_THAT(err_, HasSubstr("--tenant: "));
  EXPECT_EQ(Keys({"list"}), 1);
  EXPECT_THAT(err_, HasSubstr("can't read the API keys " + path_));
  Create("reply");
  EXPECT_EQ(Keys({"revoke", "0123456789ab"}), 1);
  EXPECT_THAT(err_, HasSubstr("there is no key 0123456789ab"));
}

class ApiKeyOptionTest : public CommandFixture {
 protected:
  ~ApiKeyOptionTest() override { unsetenv("IDIOLECT_API_KEY"); }
};

TEST_F(ApiKeyOptionTest, IsSentWithEveryCall) {
  EXPECT_EQ(Run({"users", "--api-key", "idk_abc"}), 0) << err_;
  EXPECT_EQ(server_.authorization, "Bearer idk_abc");
  setenv("IDIOLECT_API_KEY", "idk_def", 1);
  EXPECT_EQ(Run({"ask", "--user", "ann", "coffee?"}), 0) << err_;
  EXPECT_EQ(server_.authorization, "Bearer idk_def");
}

TEST_F(ApiKeyOptionTest, DoesNotGoToOtherMachinesInTheClear) {
  const std::vector<std::string> users = {"idiolect", "users",           "--api-key", "idk_abc",
                                          "--server", "192.0.2.1:50051", "--timeout", "0.1"};
  EXPECT_EQ(RunAlone(users), 1);
  EXPECT_THAT(err_, HasSubstr("the API key would go to 192.0.2.1:50051 for everybody between to read"));
  std::vector<std::string> wanted = users;
  wanted.emplace_back("--key-in-the-clear");
  EXPECT_EQ(RunAlone(wanted), 1);
  EXPECT_THAT(err_, Not(HasSubstr("would go")));
}

}  // namespace
}  // namespace idiolect
