// What only a store on a disk has: files, versions, restarts, one process.
#include "store/sqlite_store.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "store/schema.h"
#include "tests/store/store_fixture.h"

namespace idiolect {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto kDataLoss = absl::StatusCode::kDataLoss;
constexpr auto kFailedPrecondition = absl::StatusCode::kFailedPrecondition;
constexpr auto kInvalidArgument = absl::StatusCode::kInvalidArgument;
constexpr auto kNotFound = absl::StatusCode::kNotFound;

class SqliteStoreTest : public StoreTest {
 protected:
  SqliteStoreTest() : StoreTest(StoreKind::kSqlite) {}

  absl::Status OpenStatus(const std::string& path) { return SqliteStore::Open(path).status(); }
  void RunSql(const std::string& path, const std::string& sql) {
    auto connection = SqliteConnection::Open(path, absl::Seconds(1));
    ASSERT_TRUE(connection.ok());
    ASSERT_TRUE((*connection)->RunScript(sql).ok());
  }
};

TEST_F(SqliteStoreTest, HistoriesSurviveReopening) {
  Append("ann", "hi", "hello", "r");
  Append("ann", "how?", "fine");
  const UserSummary before = Summary("ann");
  store_.Reopen();
  EXPECT_THAT(Recent("ann"), ElementsAre("hello", "fine"));
  EXPECT_EQ(Summary("ann").epoch, before.epoch);
  EXPECT_TRUE(Append("ann", "hi", "hello", "r").duplicate);
  Value(store_->Forget(User("ann"), "f"));
  store_.Reopen();
  EXPECT_TRUE(Value(store_->Forget(User("ann"), "f")).duplicate);
}

TEST_F(SqliteStoreTest, SecondServerIsRefused) {
  const absl::Status second = OpenStatus(store_.path());
  EXPECT_EQ(second.code(), kFailedPrecondition);
  EXPECT_THAT(std::string(second.message()), HasSubstr("history.db is in use"));
  store_.Close();
  EXPECT_TRUE(OpenStatus(store_.path()).ok());
}

TEST_F(SqliteStoreTest, SecondServerUnderAnotherNameIsRefused) {
  const std::string link = store_.folder().File("link.db");
  std::filesystem::create_symlink(store_.path(), link);
  EXPECT_EQ(OpenStatus(link).code(), kFailedPrecondition);
}

TEST_F(SqliteStoreTest, FilesAreForTheirOwnerOnly) {
  Append("ann", "hi", "hello");
  int files = 0;
  for (const auto& file : std::filesystem::directory_iterator(store_.folder().path())) {
    struct stat status;
    ASSERT_EQ(stat(file.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u) << file.path();
    ++files;
  }
  EXPECT_EQ(files, 4);
}

TEST_F(SqliteStoreTest, MissingFolderIsNamed) {
  const absl::Status status = OpenStatus(store_.folder().File("nowhere/history.db"));
  EXPECT_EQ(status.code(), kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("/nowhere does not exist"));
}

TEST_F(SqliteStoreTest, FolderInPlaceOfTheFileIsRefused) {
  EXPECT_EQ(OpenStatus(store_.folder().path().string()).code(), kInvalidArgument);
}

TEST_F(SqliteStoreTest, NewerVersionIsRefusedAndLeftAlone) {
  store_.Close();
  RunSql(store_.path(), "PRAGMA user_version = 99");
  const absl::Status status = OpenStatus(store_.path());
  EXPECT_EQ(status.code(), kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("history.db has version 99"));
  EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat("up to ", SchemaVersion())));
  RunSql(store_.path(), absl::StrCat("PRAGMA user_version = ", SchemaVersion()));
  EXPECT_TRUE(OpenStatus(store_.path()).ok());
}

TEST_F(SqliteStoreTest, AnotherProgramsDatabaseIsRefused) {
  const std::string path = store_.folder().File("other.db");
  RunSql(path, "CREATE TABLE notes (text)");
  EXPECT_EQ(OpenStatus(path).code(), kFailedPrecondition);
}

TEST_F(SqliteStoreTest, FileThatIsNoDatabaseIsDataLoss) {
  const std::string path = store_.folder().File("letter.txt");
  std::ofstream(path) << std::string(5000, 'x');
  const absl::Status status = OpenStatus(path);
  EXPECT_EQ(status.code(), kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("letter.txt"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("backup"));
}

TEST_F(SqliteStoreTest, DamagedDatabaseIsDataLoss) {
  for (int i = 0; i < 300; ++i) Append(absl::StrCat("user", i % 7), "hi", std::string(200, 'x'));
  store_.Close();
  const std::string whole = store_.folder().File("whole.db");
  std::filesystem::copy_file(store_.path(), whole);
  const auto size = std::filesystem::file_size(whole);
  ASSERT_GT(size, 40960u);

  const std::string cut = store_.folder().File("cut.db");
  std::filesystem::copy_file(whole, cut);
  std::filesystem::resize_file(cut, size / 2);
  EXPECT_EQ(OpenStatus(cut).code(), kDataLoss) << OpenStatus(cut);

  const std::string overwritten = store_.folder().File("overwritten.db");
  std::filesystem::copy_file(whole, overwritten);
  std::fstream file(overwritten, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096 * 5);
  file << std::string(4096 * 3, '\x5a');
  file.close();
  EXPECT_EQ(OpenStatus(overwritten).code(), kDataLoss) << OpenStatus(overwritten);
  EXPECT_TRUE(OpenStatus(whole).ok());
}

TEST_F(SqliteStoreTest, DamageFoundWhileRunningIsDataLoss) {
  for (int i = 0; i < 300; ++i) Append("ann", "hi", std::string(200, 'x'));
  store_.Reopen();  // nothing in the log, nothing in a cache
  std::fstream file(store_.path(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096);
  file << std::string(std::filesystem::file_size(store_.path()) - 4096, '\x5a');
  file.close();
  EXPECT_EQ(store_->Recent(User("ann"), 10).status().code(), kDataLoss);
}

TEST_F(SqliteStoreTest, ReadersDontWaitForAWriterInTransaction) {
  Append("ann", "hi", "hello");
  auto other = SqliteConnection::Open(store_.path(), absl::Seconds(1));
  ASSERT_TRUE(other.ok());
  ASSERT_TRUE((*other)->RunScript("BEGIN IMMEDIATE; DELETE FROM exchanges").ok());
  EXPECT_THAT(Recent("ann"), ElementsAre("hello"));
}

TEST_F(SqliteStoreTest, OldRequestIdsAreRemovedFromTheFile) {
  const auto count = [&] {
    auto connection = SqliteConnection::Open(store_.path(), absl::Seconds(1));
    return Value((*connection)->QueryInteger("SELECT count(*) FROM requests"));
  };
  for (int i = 0; i < 10; ++i) Append("ann", "hi", "hello", absl::StrCat(i));
  EXPECT_EQ(count(), 10);
  store_.Advance(absl::Hours(25));
  Append("ann", "hi", "hello", "new");
  store_.Reopen();  // the writer has finished its group
  EXPECT_EQ(count(), 1);
}

}  // namespace
}  // namespace idiolect
