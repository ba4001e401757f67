// An encrypted database: it keeps the contract, shows no text, and a user whose key is erased is gone from old copies.
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/key_ring.h"
#include "store/open_store.h"
#include "store/sqlite_connection.h"
#include "store/text_vault.h"
#include "tests/store/store_fixture.h"
#include "tests/support/raw_bytes.h"

namespace idiolect {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto kFailedPrecondition = absl::StatusCode::kFailedPrecondition;
constexpr auto kAlreadyExists = absl::StatusCode::kAlreadyExists;
const std::string kSecret = "the quick brown fox jumps over the lazy dog";

std::shared_ptr<const TextVault> Vault(char letter = 'k') {
  return std::make_shared<TextVault>(SecretKey(std::string(kKeyBytes, letter)));
}

class EncryptionTest : public testing::Test {
 protected:
  EncryptionTest() { Open(); }

  absl::Status TryOpen(const std::string& path, std::shared_ptr<const TextVault> vault) {
    store_ = nullptr;
    StoreOptions options;
    options.vault = std::move(vault);
    auto opened = OpenHistoryStore("sqlite:" + path, options);
    if (opened.ok()) store_ = *std::move(opened);
    return opened.status();
  }
  void Open() { ASSERT_TRUE(TryOpen(path_, Vault()).ok()); }
  AppendResult Append(const std::string& user, const std::string& text, const std::string& request_id = "") {
    return Value(store_->Append(
        User(user), {.post = text, .response = text, .post_user = text, .time = absl::UnixEpoch(), .source = text},
        request_id));
  }
  std::vector<std::string> Recent(const std::string& user) {
    return Responses(Value(store_->Recent(User(user), 100)).exchanges);
  }
  int Pieces(const std::string& text) { return CountPieces(folder_.path(), text); }

  TempFolder folder_;
  const std::string path_ = folder_.File("history.db");
  std::unique_ptr<HistoryStore> store_;
};

TEST_F(EncryptionTest, TextsComeBackAndAreNowhereOnTheDisk) {
  Append("ann", kSecret, "r1");
  Append("bob", "hello");
  Append("ann", "second");
  for (bool reopen : {false, true}) {
    if (reopen) Open();
    const History history = Value(store_->Recent(User("ann"), 100));
    ASSERT_EQ(history.exchanges.size(), 2);
    const Exchange& first = history.exchanges.front();
    EXPECT_THAT((std::vector{first.post, first.response, first.post_user, first.source}),
                ElementsAre(kSecret, kSecret, kSecret, kSecret));
    EXPECT_EQ(Value(store_->Get(User("ann"), 1)), first);
    EXPECT_EQ(Value(store_->List(User("ann"), 10, "", ListOrder::kOldestFirst)).exchanges, history.exchanges);
    EXPECT_THAT(Recent("bob"), ElementsAre("hello"));
    EXPECT_EQ(Pieces(kSecret), 0);
  }
}

TEST_F(EncryptionTest, RequestsAreKnownAgainAndTellNothing) {
  const std::string request = "import of the quick brown fox";
  Append("ann", kSecret, request);
  EXPECT_EQ(Pieces(request), 0) << "ids may be made from texts";
  Open();
  EXPECT_TRUE(Append("ann", kSecret, request).duplicate);
  EXPECT_EQ(store_->Append(User("ann"), Said("", "other"), request).status().code(), kAlreadyExists);
  Append("bob", kSecret, request);
  auto db = Value(SqliteConnection::Open(path_, absl::Seconds(1)));
  EXPECT_EQ(Value(db->QueryInteger("SELECT count(DISTINCT digest) FROM requests")), 2)
      << "the same content of two users must not show";
  EXPECT_FALSE(Value(store_->Delete(User("ann"), 1, "d")).duplicate);
  EXPECT_TRUE(Value(store_->Delete(User("ann"), 1, "d")).duplicate);
}

TEST_F(EncryptionTest, WrongOrMissingKeyIsToldAtTheStart) {
  Append("ann", kSecret);
  absl::Status status = TryOpen(path_, Vault('x'));
  EXPECT_EQ(status.code(), kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("master key is not the one"));
  status = TryOpen(path_, nullptr);
  EXPECT_EQ(status.code(), kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("--master-key-file"));
  fs::rename(path_ + ".keys", folder_.File("aside"));
  status = TryOpen(path_, Vault());
  EXPECT_EQ(status.code(), kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("history.db.keys"));
  fs::rename(folder_.File("aside"), path_ + ".keys");
  Open();
  EXPECT_THAT(Recent("ann"), ElementsAre(kSecret));
}

TEST_F(EncryptionTest, KeyFileOfAnotherDatabaseIsRefused) {
  Append("ann", kSecret);
  ASSERT_TRUE(TryOpen(folder_.File("other.db"), Vault()).ok());
  store_ = nullptr;
  fs::copy_file(folder_.File("other.db.keys"), path_ + ".keys", fs::copy_options::overwrite_existing);
  EXPECT_THAT(std::string(TryOpen(path_, Vault()).message()), HasSubstr("belongs to another"));
}

TEST_F(EncryptionTest, PlainDatabaseIsNotMixedWithEncryptedTexts) {
  const std::string plain = folder_.File("plain.db");
  ASSERT_TRUE(TryOpen(plain, nullptr).ok());
  Append("ann", "plain words");
  const absl::Status status = TryOpen(plain, Vault());
  EXPECT_EQ(status.code(), kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("idiolect store encrypt"));
  EXPECT_TRUE(TryOpen(plain, nullptr).ok());
}

TEST_F(EncryptionTest, ErasedUserIsUnreadableInAnOlderCopy) {
  Append("ann", kSecret);
  Append("bob", "hello");
  store_ = nullptr;
  fs::copy_file(path_, folder_.File("copy"));
  Open();
  EXPECT_EQ(Value(store_->Forget(User("ann"), "")).exchanges_erased, 1);
  store_ = nullptr;
  fs::copy_file(folder_.File("copy"), path_, fs::copy_options::overwrite_existing);
  Open();
  EXPECT_EQ(store_->Recent(User("ann"), 1).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(store_->Append(User("ann"), Said("", "x"), "").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(Recent("bob"), ElementsAre("hello"));
  EXPECT_EQ(Value(store_->Forget(User("ann"), "")).exchanges_erased, 1);
  Append("ann", "new life");
  EXPECT_THAT(Recent("ann"), ElementsAre("new life"));
}

TEST_F(EncryptionTest, ErasedKeyIsOverwrittenAndItsPlaceUsedAgain) {
  Append("ann", kSecret);
  const std::string before = ReadFile(path_ + ".keys");
  EXPECT_EQ(before.size(), 128 + kWrappedKeyBytes);
  Value(store_->Forget(User("ann"), ""));
  EXPECT_EQ(ReadFile(path_ + ".keys").substr(128), std::string(kWrappedKeyBytes, '\0'));
  Append("bob", "hello");
  EXPECT_EQ(ReadFile(path_ + ".keys").size(), before.size());
  Open();
  Append("ann", "again");
  EXPECT_EQ(ReadFile(path_ + ".keys").size(), 128 + 2 * kWrappedKeyBytes);
  EXPECT_THAT(Recent("bob"), ElementsAre("hello"));
}

// A kill between the commit of an erasure and the overwriting of the key.
TEST_F(EncryptionTest, NotedErasureIsFinishedAtTheNextStart) {
  Append("ann", kSecret);
  store_ = nullptr;
  {
    auto db = Value(SqliteConnection::Open(path_, absl::Seconds(1)));
    ASSERT_TRUE(db->RunScript("INSERT INTO erased_keys SELECT key_ref FROM users; DELETE FROM users; "
                              "DELETE FROM exchanges")
                    .ok());
  }
  Open();
  EXPECT_EQ(ReadFile(path_ + ".keys").substr(128), std::string(kWrappedKeyBytes, '\0'));
}

TEST_F(EncryptionTest, ReadersSeeAUserOrNoneWhileItIsErased) {
  std::atomic<bool> stop = false;
  std::thread reader([&] {
    while (!stop) EXPECT_TRUE(store_->Recent(User("ann"), 10).ok());
  });
  for (int i = 0; i < 100; ++i) {
    Append("ann", kSecret);
    Value(store_->Forget(User("ann"), ""));
  }
  stop = true;
  reader.join();
}

}  // namespace
}  // namespace idiolect
