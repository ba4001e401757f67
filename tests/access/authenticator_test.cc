#include "access/authenticator.h"

#include <gtest/gtest.h>

#include <fstream>

#include "absl/time/clock.h"
#include "access/api_key_file.h"
#include "tests/support/temp_folder.h"

namespace idiolect {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(10);

class AuthenticatorTest : public ::testing::Test {
 protected:
  NewApiKey Add(absl::Time expires = absl::InfiniteFuture()) {
    NewApiKey made = MakeApiKey({.tenant = "acme", .scopes = Scope::kReply, .expires = expires}).value();
    Change([&](std::vector<ApiKey>& keys) { keys.push_back(made.key); });
    return made;
  }
  void Change(const std::function<void(std::vector<ApiKey>&)>& change) {
    EXPECT_TRUE(ChangeApiKeyFile(path_, [&](std::vector<ApiKey>& keys) {
                  change(keys);
                  return absl::OkStatus();
                }).ok());
  }
  static bool Eventually(const std::function<bool()>& condition) {
    for (int i = 0; i < 1000 && !condition(); ++i) absl::SleepFor(absl::Milliseconds(10));
    return condition();
  }

  const TempFolder folder_;
  const std::string path_ = folder_.File("keys.jsonl");
};

TEST_F(AuthenticatorTest, KnowsWhoseKeyItIs) {
  const NewApiKey made = Add();
  const auto authenticator = Authenticator::Open(path_).value();
  const ApiKey key = authenticator->Authenticate(made.text).value();
  EXPECT_EQ(key.id, made.key.id);
  EXPECT_EQ(key.tenant, "acme");
  EXPECT_EQ(key.scopes, ScopeSet(Scope::kReply));
}

TEST_F(AuthenticatorTest, SaysTheSameWhateverIsWrong) {
  const NewApiKey made = Add(), expired = Add(absl::Now() - absl::Hours(1)), revoked = Add();
  Change([](std::vector<ApiKey>& keys) { keys.back().revoked = absl::Now(); });
  const auto authenticator = Authenticator::Open(path_).value();
  const absl::Status without = authenticator->Authenticate("").status();
  EXPECT_EQ(without.code(), absl::StatusCode::kUnauthenticated);
  const std::string unknown = MakeApiKey({.tenant = "acme", .scopes = Scope::kReply}).value().text;
  for (const std::string& text : {expired.text, revoked.text, unknown, made.text + "x", std::string("idk_")}) {
    EXPECT_EQ(authenticator->Authenticate(text).status(), without) << text;
  }
}

TEST_F(AuthenticatorTest, FollowsTheFile) {
  const NewApiKey first = Add();
  const auto authenticator = Authenticator::Open(path_, kPoll).value();
  const NewApiKey second = Add();
  EXPECT_TRUE(Eventually([&] { return authenticator->Authenticate(second.text).ok(); }));
  EXPECT_TRUE(authenticator->IsValid(first.key.id));
  Change([](std::vector<ApiKey>& keys) { keys[0].revoked = absl::Now(); });
  EXPECT_TRUE(Eventually([&] { return !authenticator->Authenticate(first.text).ok(); }));
  EXPECT_FALSE(authenticator->IsValid(first.key.id));
  EXPECT_TRUE(authenticator->Authenticate(second.text).ok());
}

TEST_F(AuthenticatorTest, KeepsItsKeysWhenTheFileBreaks) {
  const NewApiKey made = Add();
  const auto authenticator = Authenticator::Open(path_, kPoll).value();
  std::ofstream(path_) << "half a li";
  absl::SleepFor(10 * kPoll);
  EXPECT_TRUE(authenticator->Authenticate(made.text).ok());
  std::ofstream(path_) << ToJsonLine(MakeApiKey({.tenant = "other", .scopes = Scope::kReply}).value().key) << "\n";
  EXPECT_TRUE(Eventually([&] { return !authenticator->Authenticate(made.text).ok(); }));
}

TEST_F(AuthenticatorTest, DoesNotStartWithoutAFileThatItCanRead) {
  EXPECT_EQ(Authenticator::Open(path_).status().code(), absl::StatusCode::kNotFound);
  std::ofstream(path_) << "{}\n";
  EXPECT_EQ(Authenticator::Open(path_).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace idiolect
