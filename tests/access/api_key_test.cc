#include "access/api_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <set>
#include <thread>

#include "access/api_key_file.h"
#include "access/digest.h"
#include "tests/support/temp_folder.h"

namespace idiolect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

ApiKey Wish(const std::string& tenant = "acme", ScopeSet scopes = Scope::kReply) {
  return {.tenant = tenant, .scopes = scopes};
}

TEST(ScopeTest, NamesAndSetsAgree) {
  const ScopeSet scopes = ParseScopes(" profile.read,reply").value();
  EXPECT_TRUE(scopes.Has(Scope::kReply));
  EXPECT_FALSE(scopes.Has(Scope::kAdmin));
  EXPECT_EQ(ToString(scopes), "reply,profile.read");
  for (const Scope scope : kAllScopes) EXPECT_EQ(ParseScopes(ScopeName(scope)).value(), ScopeSet(scope));
}

TEST(ScopeTest, WhatIsNoScopeIsNamed) {
  for (const char* text : {"", "reply,", "replies", "reply history.read", "REPLY"}) {
    const absl::Status status = ParseScopes(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr("reply, history.write, history.read, profile.read, admin"));
  }
}

TEST(ApiKeyTest, KeysAreLongAndNeverTheSame) {
  std::set<std::string> ids, texts;
  for (int i = 0; i < 100; ++i) {
    const NewApiKey made = MakeApiKey(Wish()).value();
    EXPECT_GE(made.text.size(), 43u + 12 + 5);  // 256 bits in base64 after the id
    EXPECT_EQ(KeyIdOf(made.text), made.key.id);
    ids.insert(made.key.id);
    texts.insert(made.text.substr(17));
  }
  EXPECT_EQ(ids.size(), 100u);
  EXPECT_EQ(texts.size(), 100u);
}

TEST(ApiKeyTest, OnlyTheWholeTextMatches) {
  const NewApiKey made = MakeApiKey(Wish()).value();
  EXPECT_TRUE(Matches(made.key, made.text));
  EXPECT_FALSE(Matches(made.key, made.key.hash));
  EXPECT_FALSE(Matches(made.key, ""));
  for (size_t i = 0; i < made.text.size(); ++i) {
    std::string other = made.text;
    other[i] ^= 1;
    EXPECT_FALSE(Matches(made.key, other)) << i;
    EXPECT_FALSE(Matches(made.key, made.text.substr(0, i))) << i;
  }
}

TEST(ApiKeyTest, IdsOfWhatIsNoKeyAreEmpty) {
  for (const char* text : {"", "idk_", "idk_0123456789ab", "idk_0123456789abXsecret", "key_0123456789ab_secret"}) {
    EXPECT_EQ(KeyIdOf(text), "") << text;
  }
}

TEST(ApiKeyTest, WishesThatMakeNoSenseAreRefused) {
  for (const char* tenant : {"", "a b", "a/b", "é", "a\n"}) {
    EXPECT_THAT(std::string(MakeApiKey(Wish(tenant)).status().message()), HasSubstr("tenant: ")) << tenant;
  }
  EXPECT_FALSE(MakeApiKey(Wish(std::string(65, 'a'))).ok());
  EXPECT_THAT(std::string(MakeApiKey(Wish("acme", {})).status().message()), HasSubstr("scopes: "));
  ApiKey wish = Wish();
  wish.note = "two\nlines";
  EXPECT_THAT(std::string(MakeApiKey(wish).status().message()), HasSubstr("note: "));
}

TEST(ApiKeyTest, ValidUntilRevokedOrExpired) {
  const absl::Time now = absl::UnixEpoch();
  EXPECT_TRUE(Wish().ValidAt(now));
  ApiKey key = Wish();
  key.expires = now;
  EXPECT_TRUE(key.ValidAt(now - absl::Seconds(1)));
  EXPECT_FALSE(key.ValidAt(now));
  key = Wish();
  key.revoked = now;
  EXPECT_FALSE(key.ValidAt(now - absl::Seconds(1)));  // clocks differ; revoked is revoked
}

class ApiKeyFileTest : public ::testing::Test {
 protected:
  void Write(const std::string& text) { std::ofstream(path_) << text; }
  std::string Content() const {
    std::ifstream file(path_);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  NewApiKey Add(ApiKey wish) {
    const NewApiKey made = MakeApiKey(std::move(wish)).value();
    EXPECT_TRUE(ChangeApiKeyFile(path_, [&](std::vector<ApiKey>& keys) {
                  keys.push_back(made.key);
                  return absl::OkStatus();
                }).ok());
    return made;
  }

  const TempFolder folder_;
  const std::string path_ = folder_.File("keys.jsonl");
};

TEST_F(ApiKeyFileTest, KeepsEverythingButTheSecret) {
  ApiKey wish = Wish("acme", ParseScopes("reply,admin").value());
  wish.note = "the \"chat\" backend, café";
  wish.expires = absl::FromUnixSeconds(2'000'000'000);
  const NewApiKey made = Add(wish);
  Add(Wish("other"));
  const std::vector<ApiKey> keys = ReadApiKeyFile(path_).value();
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].id, made.key.id);
  EXPECT_EQ(keys[0].tenant, "acme");
  EXPECT_EQ(keys[0].scopes, wish.scopes);
  EXPECT_EQ(keys[0].note, wish.note);
  EXPECT_EQ(keys[0].hash, made.key.hash);
  EXPECT_EQ(keys[0].expires, wish.expires);
  EXPECT_EQ(keys[0].revoked, absl::InfiniteFuture());
  EXPECT_EQ(keys[1].tenant, "other");
  EXPECT_THAT(Content(), Not(HasSubstr(made.text.substr(17))));
}

TEST_F(ApiKeyFileTest, IsForItsOwnerAlone) {
  Add(Wish());
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  chmod(path_.c_str(), 0640);
  Add(Wish());
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0640u);  // as its owner has decided
  chmod(path_.c_str(), 0666);
  EXPECT_EQ(ReadApiKeyFile(path_).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(ApiKeyFileTest, MistakesAreNamedByLine) {
  const std::string good = Add(Wish()).key.id.empty() ? "" : Content();
  const struct {
    std::string line, problem;
  } cases[] = {
      {"nonsense", "is no JSON object"},
      {"[]", "is no JSON object"},
      {"{}", "id: is missing"},
      {good, "id: stands in a line before"},
      {R"({"id":5})", "id: must be a text"},
      {R"({"id":"x","tenant":"a","scopes":"reply","sha256":"","created":"yesterday"})", "created: must be a time"},
      {R"({"id":"x","tenant":"a","scopes":"reply","sha256":"","created":"2026-01-05T10:00:00Z"})", "id: must be 12"},
      {R"({"id":"0123456789ab","tenant":"a","scopes":"all","sha256":"","created":"2026-01-05T10:00:00Z"})", "scopes: "},
      {R"({"id":"0123456789ab","tenant":"a","scopes":"reply","sha256":"","created":"2026-01-05T10:00:00Z"})",
       "sha256: must be 64"},
      {R"({"id":"0123456789ab","tenant":"a","scopes":"reply","sha256":"","created":"2026-01-05T10:00:00Z","revokd":""})",
       "has a member other than"},
  };
  for (const auto& [line, problem] : cases) {
    Write(good + line + "\n");
    const absl::Status status = ReadApiKeyFile(path_).status();
    EXPECT_THAT(std::string(status.message()), HasSubstr("keys.jsonl:2: " + problem)) << line;
  }
}

TEST_F(ApiKeyFileTest, WithoutAFileThereIsNoKeyToRead) {
  EXPECT_EQ(ReadApiKeyFile(path_).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ApiKeyFileTest, AFailedChangeChangesNothing) {
  Add(Wish());
  const std::string before = Content();
  const absl::Status status = ChangeApiKeyFile(path_, [](std::vector<ApiKey>& keys) {
    keys.clear();
    return absl::NotFoundError("no");
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Content(), before);
}

TEST_F(ApiKeyFileTest, ChangesAtTheSameTimeAreAllKept) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([this] { Add(Wish()); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ReadApiKeyFile(path_).value().size(), 8u);
}

TEST(DigestTest, IsSha256) {
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace idiolect
