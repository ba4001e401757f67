// What an operator does with a database: check, backup, restore, encrypt, rekey, copy.
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/copy_store.h"
#include "store/key_ring.h"
#include "store/open_store.h"
#include "store/sqlite_maintenance.h"
#include "tests/store/store_fixture.h"
#include "tests/support/raw_bytes.h"

namespace idiolect {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kFailedPrecondition = absl::StatusCode::kFailedPrecondition;
constexpr auto kAlreadyExists = absl::StatusCode::kAlreadyExists;
const std::string kSecret = "the quick brown fox jumps over the lazy dog";

std::shared_ptr<const TextVault> Vault(char letter = 'k') {
  return std::make_shared<TextVault>(SecretKey(std::string(kKeyBytes, letter)));
}

class MaintenanceTest : public testing::Test {
 protected:
  std::unique_ptr<HistoryStore> Open(const std::string& path, std::shared_ptr<const TextVault> vault = nullptr) {
    StoreOptions options;
    options.vault = std::move(vault);
    return Value(OpenHistoryStore("sqlite:" + path, options));
  }
  static void Append(HistoryStore& store, const std::string& user, const std::string& text,
                     const std::string& request_id = "") {
    Value(store.Append(User(user), Said(text, text, 7), request_id));
  }
  static std::vector<std::string> Recent(HistoryStore& store, const std::string& user) {
    return Responses(Value(store.Recent(User(user), 100)).exchanges);
  }
  std::string File(const std::string& name) { return folder_.File(name); }
  int Pieces(const std::string& text) { return CountPieces(folder_.path(), text); }

  TempFolder folder_;
  const std::string path_ = folder_.File("history.db");
};

TEST_F(MaintenanceTest, BackupBesideARunningServerIsOneState) {
  auto store = Open(path_);
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) Append(*store, "ann", std::to_string(i));
  });
  for (int i = 0; i < 5; ++i) {
    const std::string target = File("backup" + std::to_string(i));
    absl::SleepFor(absl::Milliseconds(20));
    ASSERT_TRUE(BackUpSqliteStore(path_, target).ok());
    const StoreCheck check = Value(CheckSqliteStore(target, nullptr));
    EXPECT_THAT(check.problems, IsEmpty());
    EXPECT_GT(check.exchanges, 0);
    EXPECT_EQ(fs::status(target).permissions() & fs::perms::group_all, fs::perms::none);
  }
  stop = true;
  writer.join();
  EXPECT_EQ(BackUpSqliteStore(path_, File("backup0")).code(), kAlreadyExists);
  EXPECT_EQ(BackUpSqliteStore(File("nowhere"), File("x")).code(), absl::StatusCode::kNotFound);
}

TEST_F(MaintenanceTest, BackupMadeAfterAnErasureHoldsNothingOfIt) {
  auto store = Open(path_);
  for (int i = 0; i < 200; ++i) Append(*store, i % 2 == 0 ? "ann" : "bob", i % 2 == 0 ? kSecret : "other");
  Value(store->Forget(User("ann"), ""));
  ASSERT_TRUE(BackUpSqliteStore(path_, File("backup")).ok());
  EXPECT_EQ(Pieces(kSecret), 0);
}

TEST_F(MaintenanceTest, RestoredDatabaseIsTheOneOfTheBackup) {
  auto store = Open(path_);
  Append(*store, "ann", "one", "r1");
  ASSERT_TRUE(BackUpSqliteStore(path_, File("backup")).ok());
  Append(*store, "ann", "two");
  EXPECT_THAT(std::string(RestoreSqliteStore(File("backup"), path_, true, nullptr).status().message()),
              HasSubstr("in use by another server"));
  store = nullptr;
  const absl::Status refused = RestoreSqliteStore(File("backup"), path_, false, nullptr).status();
  EXPECT_EQ(refused.code(), kAlreadyExists);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("--force"));
  const RestoreResult result = Value(RestoreSqliteStore(File("backup"), path_, true, nullptr));
  EXPECT_EQ(result.users, 1);
  EXPECT_EQ(result.replaced, path_ + ".replaced");
  store = Open(path_);
  EXPECT_THAT(Recent(*store, "ann"), ElementsAre("one"));
  EXPECT_TRUE(Value(store->Append(User("ann"), Said("one", "one", 7), "r1")).duplicate);
  EXPECT_THAT(Recent(*Open(result.replaced), "ann"), ElementsAre("one", "two"));
  EXPECT_EQ(Value(RestoreSqliteStore(File("backup"), File("new.db"), false, nullptr)).replaced, "");
}

TEST_F(MaintenanceTest, DamagedBackupReplacesNothing) {
  { Append(*Open(path_), "ann", "one"); }
  std::ofstream(File("backup")) << "this is no database at all, not even nearly so";
  EXPECT_EQ(RestoreSqliteStore(File("backup"), path_, true, nullptr).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(Recent(*Open(path_), "ann"), ElementsAre("one"));
}

TEST_F(MaintenanceTest, CheckFindsWhatDoesNotAddUp) {
  { Append(*Open(path_), "ann", "one"); }
  EXPECT_THAT(Value(CheckSqliteStore(path_, nullptr)).problems, IsEmpty());
  const auto problems = [&](const std::string& script) {
    const std::string copy = File("copy.db");
    fs::copy_file(path_, copy, fs::copy_options::overwrite_existing);
    EXPECT_TRUE(Value(SqliteConnection::Open(copy, absl::Seconds(1)))->RunScript(script).ok());
    return Value(CheckSqliteStore(copy, nullptr)).problems;
  };
  EXPECT_THAT(problems("UPDATE users SET exchange_count = 2"), Not(IsEmpty()));
  EXPECT_THAT(problems("UPDATE users SET revision = 2"), ElementsAre(HasSubstr("don't add up")));
  EXPECT_THAT(problems("UPDATE exchanges SET sequence = 5"), ElementsAre(HasSubstr("beyond the last sequence")));
  EXPECT_THAT(problems("DELETE FROM users"), ElementsAre(HasSubstr("belong to no user")));
  EXPECT_THAT(problems("UPDATE users SET key_ref = x'00'"), ElementsAre(HasSubstr("are encrypted where")));
}

TEST_F(MaintenanceTest, EncryptingAPlainDatabaseKeepsAllAndLeavesNoText) {
  {
    auto store = Open(path_);
    for (int i = 0; i < 300; ++i) Append(*store, "user" + std::to_string(i % 7), kSecret + std::to_string(i));
    Append(*store, "ann", kSecret, "import of the quick brown fox");
    Append(*store, "ann", std::string(50000, 'x') + kSecret);
  }
  EXPECT_GT(Pieces(kSecret), 0);
  EXPECT_EQ(Value(EncryptSqliteStore(path_, Vault())), 8);
  EXPECT_EQ(Pieces(kSecret), 0);
  EXPECT_EQ(EncryptSqliteStore(path_, Vault()).status().code(), kAlreadyExists);
  const StoreCheck check = Value(CheckSqliteStore(path_, Vault().get()));
  EXPECT_TRUE(check.encrypted && check.texts_opened);
  EXPECT_THAT(check.problems, IsEmpty());
  auto store = Open(path_, Vault());
  EXPECT_EQ(Recent(*store, "user3").size(), 43);
  EXPECT_EQ(Recent(*store, "user3").front(), kSecret + "3");
  EXPECT_TRUE(Value(store->Append(User("ann"), Said(kSecret, kSecret, 7), "import of the quick brown fox")).duplicate);
}

TEST_F(MaintenanceTest, RekeyedDatabaseOpensUnderTheNewMasterKeyAlone) {
  { Append(*Open(path_, Vault('a')), "ann", "one"); }
  const std::string keys_before = ReadFile(path_ + ".keys");
  EXPECT_EQ(RekeySqliteStore(path_, *Vault('x'), *Vault('b')).status().code(), kFailedPrecondition);
  EXPECT_EQ(Value(RekeySqliteStore(path_, *Vault('a'), *Vault('b'))), 1);
  EXPECT_THAT(Recent(*Open(path_, Vault('b')), "ann"), ElementsAre("one"));
  StoreOptions options;
  options.vault = Vault('a');
  EXPECT_EQ(OpenHistoryStore("sqlite:" + path_, options).status().code(), kFailedPrecondition);
  EXPECT_EQ(CountPieces(folder_.path(), keys_before.substr(128 + kKeyIdBytes)), 0) << "the old wrapping is gone";
}

// The promise of encryption: a backup of the database, the master key and the keys of today don't bring back who was
// erased, and everybody else comes back.
TEST_F(MaintenanceTest, ErasedUserStaysErasedWhenAnOlderBackupIsRestored) {
  {
    auto store = Open(path_, Vault());
    Append(*store, "ann", kSecret);
    Append(*store, "bob", "hello");
    ASSERT_TRUE(BackUpSqliteStore(path_, File("backup")).ok());
    ASSERT_TRUE(BackUpKeys(path_, File("backup.keys")).ok());
    Value(store->Forget(User("ann"), ""));
    ASSERT_TRUE(BackUpKeys(path_, File("backup.keys")).ok());
  }
  const StoreCheck check = Value(CheckSqliteStore(File("backup"), Vault().get()));
  EXPECT_THAT(check.problems, ElementsAre(HasSubstr("1 users have no key")));
  EXPECT_EQ(RestoreSqliteStore(File("backup"), path_, true, nullptr).status().code(), kFailedPrecondition);
  const RestoreResult result = Value(RestoreSqliteStore(File("backup"), path_, true, Vault()));
  EXPECT_THAT(result.forgotten, ElementsAre("ann"));
  EXPECT_EQ(result.users, 1);
  auto store = Open(path_, Vault());
  EXPECT_EQ(Value(store->Summary(User("ann"))).revision, 0);
  EXPECT_THAT(Recent(*store, "bob"), ElementsAre("hello"));
}

TEST_F(MaintenanceTest, CopyMovesEverythingAndGoesOnAfterAnInterruption) {
  auto from = Open(path_);
  for (int i = 0; i < 50; ++i) Append(*from, "user" + std::to_string(i % 5), std::to_string(i));
  Value(from->Append(User("zoe", "other"), Said("", "x"), ""));
  Value(from->Delete(User("user3"), 4, ""));
  auto to = Open(File("to.db"), Vault());
  CopyCounts counts;
  int users = 0;
  const History half = Value(from->Recent(User("user0"), 100));
  ASSERT_TRUE(to->Adopt(User("user0"), half.revision, half.exchanges).ok());
  ASSERT_TRUE(CopyStore(*from, *to, counts, [&](const CopyCounts&) { ++users; }).ok());
  EXPECT_EQ(counts.users, 5);
  EXPECT_EQ(counts.present_users, 1);
  EXPECT_EQ(counts.exchanges, 40);
  EXPECT_EQ(users, 6);
  for (const char* user : {"user0", "user1", "user2", "user3", "user4"}) {
    const History before = Value(from->Recent(User(user), 100)), after = Value(to->Recent(User(user), 100));
    EXPECT_EQ(after.exchanges, before.exchanges);
    EXPECT_EQ(after.revision, before.revision);
  }
  EXPECT_EQ(Value(to->Recent(User("zoe", "other"), 100)).exchanges.size(), 1);
  Append(*to, "user1", "more");
  EXPECT_EQ(CopyStore(*from, *to, counts, [](const CopyCounts&) {}).code(), kAlreadyExists);
}

// What is left when a server ends: the database, complete in one file, and the lock; no log.
TEST_F(MaintenanceTest, StoreCleansUpWhenItCloses) {
  auto store = Open(path_);
  for (int i = 0; i < 2000; ++i) Append(*store, "ann", "text");
  Value(store->Recent(User("ann"), 10));
  EXPECT_TRUE(fs::exists(path_ + "-wal"));
  store = nullptr;
  std::vector<std::string> names;
  for (const auto& file : fs::directory_iterator(folder_.path())) names.push_back(file.path().filename());
  EXPECT_THAT(names, testing::UnorderedElementsAre("history.db", "history.db.lock"));
  fs::copy_file(path_, File("copy.db"));
  EXPECT_EQ(Recent(*Open(File("copy.db")), "ann").size(), 100) << "the one file is everything";
}

}  // namespace
}  // namespace idiolect
