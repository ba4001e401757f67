#include "store/group_writer.h"

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace idiolect {
namespace {

class GroupWriterTest : public testing::Test {
 protected:
  void SetUp() override {
    auto connection = SqliteConnection::Open(folder_.File("t.db"), absl::Seconds(1));
    ASSERT_TRUE(connection.ok());
    raw_ = connection->get();
    ASSERT_TRUE(raw_->RunScript("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; CREATE TABLE t (v TEXT)").ok());
    options_.checkpoint_pages = 1000;  // so that 5,000 commits would grow a log that nobody keeps short far beyond it
    auto log_keeper = LogKeeper::Create(*raw_, options_);
    ASSERT_TRUE(log_keeper.ok());
    writer_ = std::make_unique<GroupWriter>(
        *std::move(connection), *std::move(log_keeper), options_,
        GroupWriter::Hooks{.prune = [](SqliteConnection&) { return GroupWriter::Pruned(); }});
  }

  static absl::Status Insert(SqliteConnection& connection, const std::string& value) {
    return connection.Run("INSERT INTO t VALUES (?)", value);
  }
  int64_t Count() {
    auto reader = SqliteConnection::Open(folder_.File("t.db"), absl::Seconds(1));
    return *(*reader)->QueryInteger("SELECT count(*) FROM t");
  }
  // Runs a script on the writer's thread, outside of anybody's changes.
  void Configure(const std::string& script) {
    ASSERT_TRUE(writer_->Write([&](SqliteConnection& connection) { return connection.RunScript(script); }).ok());
  }

  TempFolder folder_;
  StoreOptions options_;
  SqliteConnection* raw_ = nullptr;
  std::unique_ptr<GroupWriter> writer_;
};

TEST_F(GroupWriterTest, ErrorUndoesItsOwnChangesOnly) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const absl::Status status = writer_->Write([&](SqliteConnection& connection) {
          const absl::Status inserted = Insert(connection, "x");
          return t % 2 == 0 ? inserted : absl::AbortedError("no");
        });
        EXPECT_EQ(status.code(), t % 2 == 0 ? absl::StatusCode::kOk : absl::StatusCode::kAborted);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Count(), 80);
}

TEST_F(GroupWriterTest, CallsThatWaitAreCommittedTogether) {
  std::atomic<int> commits = 0;
  sqlite3_commit_hook(
      raw_->handle(), [](void* count) { return ++*static_cast<std::atomic<int>*>(count), 0; }, &commits);
  std::promise<void> begun, others_wait;
  std::thread first([&] {
    EXPECT_TRUE(writer_
                    ->Write([&](SqliteConnection& connection) {
                      begun.set_value();
                      others_wait.get_future().wait();
                      return Insert(connection, "first");
                    })
                    .ok());
  });
  begun.get_future().wait();
  std::vector<std::thread> threads;
  for (int t = 0; t < 20; ++t) {
    threads.emplace_back([&] {
      EXPECT_TRUE(writer_->Write([&](SqliteConnection& connection) { return Insert(connection, "x"); }).ok());
    });
  }
  absl::SleepFor(absl::Milliseconds(200));
  others_wait.set_value();
  first.join();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Count(), 21);
  EXPECT_LT(commits, 10) << "for 21 calls";
}

TEST_F(GroupWriterTest, FullDatabaseIsUnavailableUntilThereIsSpace) {
  Configure("PRAGMA max_page_count = 10");
  const std::string big(100'000, 'x');
  const auto insert_big = [&](SqliteConnection& connection) { return Insert(connection, big); };
  EXPECT_EQ(writer_->Write(insert_big).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Count(), 0);
  EXPECT_TRUE(writer_->Write([&](SqliteConnection& connection) { return Insert(connection, "small"); }).ok());
  Configure("PRAGMA max_page_count = 1000");
  EXPECT_TRUE(writer_->Write(insert_big).ok());
  EXPECT_EQ(Count(), 2);
}

TEST_F(GroupWriterTest, LogStaysShort) {
  const std::string value(1000, 'x');
  for (int i = 0; i < 5000; ++i) {
    ASSERT_TRUE(writer_->Write([&](SqliteConnection& connection) { return Insert(connection, value); }).ok());
  }
  const auto size = std::filesystem::file_size(folder_.File("t.db-wal"));
  EXPECT_LT(size, 2 * options_.checkpoint_pages * 4200) << "5,000 commits of a page or more";
}

}  // namespace
}  // namespace idiolect
