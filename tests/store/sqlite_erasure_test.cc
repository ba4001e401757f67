// Erased is gone: nothing of a deleted text is in any file of the database.
#include <sqlite3.h>

#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/store/store_fixture.h"
#include "tests/support/raw_bytes.h"

namespace idiolect {
namespace {

class SqliteErasureTest : public StoreTest {
 protected:
  SqliteErasureTest() : StoreTest(StoreKind::kSqlite) {}

  // Text in which every 12 bytes are found nowhere else.
  std::string Secret(size_t size) {
    std::string text(size, ' ');
    for (char& letter : text) letter = static_cast<char>('A' + random_() % 26);
    return text;
  }
  int Pieces(const std::string& text) { return CountPieces(store_.folder().path(), text); }

  std::mt19937 random_{7};
};

TEST_F(SqliteErasureTest, ForgottenTextIsGone) {
  const std::string small = Secret(40), large = Secret(16384), user = Secret(40), request = Secret(40);
  Value(store_->Append(User(user), {.post = small, .response = large, .post_user = small, .source = small}, request));
  Append("bob", "hi", "hello");
  EXPECT_GT(Pieces(small), 0);
  EXPECT_GT(Pieces(large), 0);
  EXPECT_GT(Pieces(user), 0);
  EXPECT_GT(Pieces(request), 0);
  Value(store_->Forget(User(user), "f"));
  for (const std::string& text : {small, large, user, request}) EXPECT_EQ(Pieces(text), 0);
}

TEST_F(SqliteErasureTest, DeletedTextIsGone) {
  const std::string secret = Secret(500), kept = Secret(500);
  Append("ann", "hi", kept);
  Append("ann", secret, secret, "r");
  Value(store_->Delete(User("ann"), 2, ""));
  EXPECT_EQ(Pieces(secret), 0);
  EXPECT_GT(Pieces(kept), 0);
}

// Pages that are split and merged keep copies of rows that have moved: with many users written in turn there are some.
TEST_F(SqliteErasureTest, CopiesLeftByMovedRowsAreGone) {
  constexpr int kUsers = 60;
  std::vector<std::string> secrets(kUsers);
  std::vector<ImportRecord> records;
  for (int i = 0; i < 4000; ++i) {
    const int user = static_cast<int>(random_() % kUsers);
    const std::string text = Secret(20 + random_() % 400);
    secrets[user] += text;
    records.push_back({User(absl::StrCat("user", user)), Said("", text), ""});
    if (records.size() == 50) {
      Value(store_->Import(records));
      records.clear();
    }
  }
  for (int user = 0; user < kUsers; user += 3) {
    Value(store_->Forget(User(absl::StrCat("user", user)), ""));
    EXPECT_EQ(Pieces(secrets[user]), 0) << user;
    // What the writer still has in memory must not come back with the next write.
    for (int i = 0; i < 20; ++i) Append(absl::StrCat("user", random_() % kUsers), "", "new");
    EXPECT_EQ(Pieces(secrets[user]), 0) << user;
  }
  store_.Close();
  for (int user = 0; user < kUsers; user += 3) EXPECT_EQ(Pieces(secrets[user]), 0) << user;
}

TEST_F(SqliteErasureTest, TextIsGoneInSpiteOfReaders) {
  std::atomic<bool> stop = false;
  std::vector<std::thread> readers;
  for (int t = 0; t < 4; ++t) {
    readers.emplace_back([&] {
      while (!stop) Value(store_->List(User("bob"), 100, "", ListOrder::kOldestFirst));
    });
  }
  for (int i = 0; i < 100; ++i) Append("bob", "hi", std::string(1000, 'x'));
  for (int i = 0; i < 5; ++i) {
    const std::string secret = Secret(100);
    Append("ann", "hi", secret);
    Value(store_->Forget(User("ann"), ""));
    EXPECT_EQ(Pieces(secret), 0);
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
}

TEST_F(SqliteErasureTest, ErasureHeldBackByAnotherProgramIsMadeUpFor) {
  const std::string secret = Secret(100);
  Append("ann", "hi", secret);
  auto other = Value(SqliteConnection::Open(store_.path(), absl::Seconds(1)));
  ASSERT_TRUE(other->RunScript("BEGIN; SELECT count(*) FROM exchanges").ok());
  Value(store_->Forget(User("ann"), ""));
  EXPECT_EQ(Value(other->QueryInteger("SELECT count(*) FROM exchanges")), 1) << "sees the state before";
  EXPECT_GT(Pieces(secret), 0);
  ASSERT_TRUE(other->RunScript("ROLLBACK").ok());
  for (int i = 0; i < 100 && Pieces(secret) > 0; ++i) absl::SleepFor(absl::Milliseconds(50));
  EXPECT_EQ(Pieces(secret), 0);
}

TEST_F(SqliteErasureTest, SpaceOfTheForgottenIsUsedAgain) {
  const auto size = [&] { return std::filesystem::file_size(store_.path()); };
  const auto fill = [&] {
    for (int i = 0; i < 50; ++i) Append("ann", "", Secret(10000));
    Value(store_->Forget(User("ann"), ""));
  };
  fill();
  const auto first = size();
  for (int i = 0; i < 5; ++i) fill();
  EXPECT_LT(size(), first + first / 10);
}

}  // namespace
}  // namespace idiolect
