// Disks that refuse and processes that die: nothing acknowledged is lost, and the store recovers by itself.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/store/store_fixture.h"

namespace idiolect {
namespace {

using testing::ElementsAre;

constexpr auto kUnavailable = absl::StatusCode::kUnavailable;

// No file of this process can grow beyond `bytes` while this lives: what a full disk does.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    old_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old_limit_);
    const rlimit limit{bytes, old_limit_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &old_limit_);
    std::signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_limit_;
  sighandler_t old_handler_;
};

class SqliteFaultsTest : public StoreTest {
 protected:
  SqliteFaultsTest() : StoreTest(StoreKind::kSqlite) {}

  absl::StatusCode AppendCode(const std::string& response, const std::string& request_id) {
    return store_->Append(User("ann"), Said("hi", response), request_id).status().code();
  }
  size_t LogSize() { return std::filesystem::file_size(store_.path() + "-wal"); }
};

TEST_F(SqliteFaultsTest, FullDiskIsUnavailableAndPasses) {
  Append("ann", "hi", "before", "r1");
  {
    const FileSizeLimit full(LogSize() + 100);
    EXPECT_EQ(AppendCode("during", "r2"), kUnavailable);
    EXPECT_EQ(AppendCode("during", "r2"), kUnavailable);
    EXPECT_EQ(store_->Delete(User("ann"), 1, "d").status().code(), kUnavailable);
    EXPECT_EQ(store_->Forget(User("ann"), "f").status().code(), kUnavailable);
    EXPECT_THAT(Recent("ann"), ElementsAre("before")) << "reading goes on, nothing half-written";
    EXPECT_TRUE(store_->Ping().ok());
    EXPECT_TRUE(Append("ann", "hi", "before", "r1").duplicate) << "needs no space";
  }
  EXPECT_FALSE(Append("ann", "hi", "during", "r2").duplicate);
  EXPECT_THAT(Recent("ann"), ElementsAre("before", "during"));
  store_.Reopen();
  EXPECT_THAT(Recent("ann"), ElementsAre("before", "during"));
}

TEST_F(SqliteFaultsTest, WhatDoesNotFitLeavesTheOthersAlone) {
  Append("ann", "hi", "before");
  std::vector<ImportRecord> huge(300, {User("bob"), Said("hi", std::string(10000, 'x')), ""});
  const FileSizeLimit nearly_full(2'000'000);
  absl::Status import;
  std::thread importer([&] { import = store_->Import(huge).status(); });
  for (int i = 0; i < 30; ++i) EXPECT_EQ(AppendCode("fits", ""), absl::StatusCode::kOk);
  importer.join();
  EXPECT_EQ(import.code(), kUnavailable);
  EXPECT_EQ(Summary("bob").exchange_count, 0);
  EXPECT_EQ(Summary("ann").exchange_count, 31);
}

TEST_F(SqliteFaultsTest, LockedDatabaseIsUnavailableAndPasses) {
  store_.options().busy_timeout = absl::Milliseconds(50);
  store_.Reopen();
  auto other = Value(SqliteConnection::Open(store_.path(), absl::Seconds(1)));
  ASSERT_TRUE(other->RunScript("BEGIN IMMEDIATE").ok());
  EXPECT_EQ(AppendCode("hello", "r"), kUnavailable);
  ASSERT_TRUE(other->RunScript("ROLLBACK").ok());
  EXPECT_EQ(AppendCode("hello", "r"), absl::StatusCode::kOk);
}

TEST_F(SqliteFaultsTest, DatabaseThatIsMovedAwayIsUnavailableUntilItIsBack) {
  Append("ann", "hi", "before");
  std::filesystem::rename(store_.path(), store_.path() + ".moved");
  EXPECT_EQ(AppendCode("during", "r"), kUnavailable);
  EXPECT_EQ(store_->Forget(User("ann"), "f").status().code(), kUnavailable);
  EXPECT_EQ(store_->Ping().code(), kUnavailable);
  EXPECT_FALSE(std::filesystem::exists(store_.path())) << "no new empty database in its place";
  std::filesystem::rename(store_.path() + ".moved", store_.path());
  EXPECT_TRUE(store_->Ping().ok());
  EXPECT_EQ(AppendCode("after", "r2"), absl::StatusCode::kOk);
  EXPECT_EQ(AppendCode("during", "r"), absl::StatusCode::kOk);
  store_.Reopen();
  EXPECT_THAT(Recent("ann"), ElementsAre("before", "after", "during"));
}

TEST_F(SqliteFaultsTest, DatabaseThatIsReplacedIsNotMixedWithTheOther) {
  Append("ann", "hi", "before");
  const std::string other = store_.folder().File("other.db");
  { Value(Value(SqliteStore::Open(other))->Append(User("ann"), Said("hi", "of the other"), "")); }
  std::filesystem::rename(other, store_.path());
  EXPECT_EQ(AppendCode("during", "r"), kUnavailable);
  EXPECT_EQ(store_->Ping().code(), kUnavailable);
  std::vector<std::thread> readers;  // more than have a connection yet
  for (int t = 0; t < 4; ++t) {
    readers.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        const absl::StatusOr<History> history = store_->Recent(User("ann"), 10);
        if (history.ok()) {
          EXPECT_THAT(Responses(history->exchanges), ElementsAre("before"));
        }
      }
    });
  }
  for (std::thread& reader : readers) reader.join();
}

TEST_F(SqliteFaultsTest, ReadOnlyFileIsToldAtTheStart) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write to every file";
  store_.Close();
  std::filesystem::permissions(store_.path(), std::filesystem::perms::owner_read);
  EXPECT_THAT(std::string(SqliteStore::Open(store_.path()).status().message()), testing::HasSubstr("can't open"));
}

// Appends from several threads until it is killed, and writes each acknowledged number to `acknowledged`.
[[noreturn]] void AppendForEver(const std::string& path, int acknowledged) {
  auto store = SqliteStore::Open(path);
  if (!store.ok()) _exit(1);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int number = t;; number += 4) {
        const std::string text = absl::StrCat(number);
        if (!(*store)->Append(User("ann"), Said("hi", text), text).ok()) _exit(2);
        if (write(acknowledged, &number, sizeof(number)) != sizeof(number)) _exit(3);
      }
    });
  }
  threads.front().join();
  _exit(4);
}

TEST_F(SqliteFaultsTest, NothingAcknowledgedIsLostWhenTheProcessIsKilled) {
  store_.Close();
  std::vector<int> acknowledged;
  for (int round = 0; round < 3; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) AppendForEver(store_.path(), ends[1]);
    close(ends[1]);
    const size_t enough = acknowledged.size() + 200 + 37 * round;
    int number = 0;
    while (read(ends[0], &number, sizeof(number)) == sizeof(number)) {
      acknowledged.push_back(number);
      if (acknowledged.size() == enough) kill(child, SIGKILL);
    }
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  }
  store_.Reopen();
  std::set<std::string> stored;
  const History history = Value(store_->Recent(User("ann"), 1'000'000));
  for (const Exchange& exchange : history.exchanges) {
    EXPECT_TRUE(stored.insert(exchange.response).second) << exchange.response << " is there twice";
  }
  EXPECT_EQ(history.revision, static_cast<int64_t>(history.exchanges.size()));
  for (int number : acknowledged) EXPECT_TRUE(stored.contains(absl::StrCat(number))) << number;
}

}  // namespace
}  // namespace idiolect
