// What is PostgreSQL's own: several servers on one database, connections that break, keys, retention, versions.
#include "store/postgres_store.h"

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "store/postgres_maintenance.h"
#include "store/text_vault.h"
#include "tests/store/postgres_fixture.h"
#include "tests/store/store_fixture.h"

namespace idiolect {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto kFailedPrecondition = absl::StatusCode::kFailedPrecondition;
constexpr auto kUnavailable = absl::StatusCode::kUnavailable;

std::shared_ptr<const TextVault> Vault(char letter = 'k') {
  return std::make_shared<TextVault>(SecretKey(std::string(kKeyBytes, letter)));
}

class PostgresStoreTest : public testing::Test {
 protected:
  PostgresStoreTest() : url_(EmptyPostgresUrl()) {}

  absl::StatusOr<std::unique_ptr<HistoryStore>> TryOpen() { return PostgresStore::Open(url_, options_); }
  // A server on the database.
  std::unique_ptr<HistoryStore> Open() { return Value(TryOpen()); }
  static std::string Query(const std::string& sql) { return SharedCluster().Query(sql); }
  template <typename Done>
  static void Await(Done done) {
    for (int i = 0; i < 500 && !done(); ++i) absl::SleepFor(absl::Milliseconds(20));
    EXPECT_TRUE(done());
  }

  const std::string url_;
  StoreOptions options_;
};

AppendResult Append(HistoryStore& store, const std::string& user, const std::string& response,
                    const std::string& request_id = "") {
  return Value(store.Append(User(user), Said("hi", response), request_id));
}

TEST_F(PostgresStoreTest, RevisionsAreDenseUnderSeveralServers) {
  const auto one = Open(), two = Open();
  std::mutex mutex;
  std::map<std::string, std::set<int64_t>> revisions;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        const std::string user = absl::StrCat("user", (t / 2 + i) % 3);
        const int64_t revision = Append(t % 2 == 0 ? *one : *two, user, absl::StrCat(t, "/", i)).revision;
        const std::lock_guard lock(mutex);
        EXPECT_TRUE(revisions[user].insert(revision).second) << "given twice";
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  int64_t appends = 0;
  for (const auto& [user, given] : revisions) {
    EXPECT_EQ(*given.rbegin(), static_cast<int64_t>(given.size())) << user;
    EXPECT_EQ(Value(one->Summary(User(user))).exchange_count, static_cast<int64_t>(given.size()));
    appends += given.size();
  }
  EXPECT_EQ(appends, 8 * 25);
}

TEST_F(PostgresStoreTest, AnyServerReadsWhatAnotherHasAcknowledged) {
  const auto one = Open(), two = Open();
  EXPECT_EQ(two->Recent(User("ann"), 5, 1).status().code(), kFailedPrecondition);
  for (int i = 1; i <= 20; ++i) {
    const int64_t revision = Append(i % 2 == 0 ? *one : *two, "ann", absl::StrCat(i)).revision;
    const History history = Value((i % 2 == 0 ? two : one)->Recent(User("ann"), 1, revision));
    EXPECT_THAT(Responses(history.exchanges), ElementsAre(absl::StrCat(i)));
  }
}

TEST_F(PostgresStoreTest, RequestIdsAndPageTokensHoldOnEveryServer) {
  const auto one = Open(), two = Open();
  EXPECT_FALSE(Append(*one, "ann", "a", "r").duplicate);
  EXPECT_TRUE(Append(*two, "ann", "a", "r").duplicate);
  Append(*one, "ann", "b");
  const ExchangePage page = Value(one->List(User("ann"), 1, "", ListOrder::kOldestFirst));
  EXPECT_THAT(Responses(Value(two->List(User("ann"), 1, page.next_page_token, ListOrder::kOldestFirst)).exchanges),
              ElementsAre("b"));
}

TEST_F(PostgresStoreTest, OneServersErasureIsToldToAll) {
  std::mutex mutex;
  std::set<std::string> told;
  options_.deletions_interval = absl::Milliseconds(50);
  options_.on_deletion = [&](const UserKey& user) {
    const std::lock_guard lock(mutex);
    told.insert(user.user_id);
  };
  const auto knows = [&](const std::string& user) {
    const std::lock_guard lock(mutex);
    return told.contains(user);
  };
  const auto listener = Open();
  options_.on_deletion = nullptr;
  const auto other = Open();
  for (const char* user : {"ann", "bob", "cleo"}) Append(*other, user, "x");
  absl::SleepFor(absl::Milliseconds(200));  // the listener has looked once
  Value(other->Forget(User("ann"), ""));
  Value(other->Delete(User("bob"), 1, ""));
  Await([&] { return knows("ann") && knows("bob"); });
  EXPECT_FALSE(knows("cleo"));
}

TEST_F(PostgresStoreTest, BrokenConnectionsAreReplacedAndNothingHappensTwice) {
  const auto store = Open();
  std::atomic<bool> stop = false;
  std::thread breaker([&] {
    while (!stop) {
      Query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'idiolect'");
      absl::SleepFor(absl::Milliseconds(30));
    }
  });
  std::vector<std::string> acknowledged;
  for (int i = 0; i < 100; ++i) {
    const std::string text = absl::StrCat(i);
    const auto result = store->Append(User("ann"), Said("hi", text), i % 2 == 0 ? "" : text);
    if (result.ok()) {
      EXPECT_FALSE(result->duplicate && i % 2 == 0);
      acknowledged.push_back(text);
    } else {
      EXPECT_EQ(result.status().code(), kUnavailable) << result.status();
    }
    const absl::Status read = store->Recent(User("ann"), 1).status();
    EXPECT_TRUE(read.ok() || absl::IsUnavailable(read)) << read;
  }
  stop = true;
  breaker.join();
  const std::vector<std::string> stored = Responses(Value(store->Recent(User("ann"), 1000)).exchanges);
  const std::set<std::string> once(stored.begin(), stored.end());
  EXPECT_EQ(once.size(), stored.size()) << "stored twice";
  for (const std::string& text : acknowledged) EXPECT_TRUE(once.contains(text)) << text;
  EXPECT_GT(acknowledged.size(), 50u);
}

TEST_F(PostgresStoreTest, RestartOfTheDatabaseNeedsNoRestartOfTheServer) {
  const auto store = Open();
  Append(*store, "ann", "before", "1");
  SharedCluster().KillPrimary();
  for (const absl::Status& status :
       {store->Append(User("ann"), Said("hi", "between"), "2").status(), store->Recent(User("ann"), 1).status(),
        store->Delete(User("ann"), 1, "").status(), store->Forget(User("ann"), "").status(), store->Ping()}) {
    EXPECT_EQ(status.code(), kUnavailable) << status;
  }
  SharedCluster().StartPrimary();
  EXPECT_TRUE(store->Ping().ok());
  EXPECT_EQ(Append(*store, "ann", "between", "2").revision, 2);
  EXPECT_THAT(Responses(Value(store->Recent(User("ann"), 5)).exchanges), ElementsAre("before", "between"));
}

TEST_F(PostgresStoreTest, LockedUserIsUnavailableAndOthersGoOn) {
  options_.database_timeout = absl::Seconds(1);
  options_.max_writers = 1;
  const auto store = Open();
  Append(*store, "ann", "x");
  std::thread locker([] { Query("BEGIN; SELECT * FROM idiolect.users FOR UPDATE; SELECT pg_sleep(2); COMMIT"); });
  Await([] {
    return Query(
               "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'BEGIN%pg_sleep%' AND wait_event = "
               "'PgSleep'") != "0";
  });
  EXPECT_EQ(store->Append(User("ann"), Said("", "y"), "").status().code(), kUnavailable);
  EXPECT_TRUE(store->Recent(User("ann"), 1).ok()) << "readers don't wait for writers";
  locker.join();
  EXPECT_EQ(Append(*store, "ann", "z").revision, 2);
}

TEST_F(PostgresStoreTest, TextsAreSealedAndErasedWithTheirKey) {
  const std::string secret = "the quick brown fox";
  options_.vault = Vault();
  auto store = Open();
  Append(*store, "ann", secret, "request of the quick brown fox");
  EXPECT_EQ(Query("SELECT count(*) FROM idiolect.exchanges e WHERE e::text LIKE '%' || "
                  "encode('quick brown', 'hex') || '%'"),
            "0");
  EXPECT_EQ(Query("SELECT count(*) FROM idiolect.requests r WHERE r::text LIKE '%' || "
                  "encode('quick brown', 'hex') || '%'"),
            "0");
  store = Open();
  EXPECT_TRUE(Append(*store, "ann", secret, "request of the quick brown fox").duplicate);
  EXPECT_THAT(Responses(Value(store->Recent(User("ann"), 5)).exchanges), ElementsAre(secret));
  Append(*store, "bob", "hello");
  Query("CREATE TEMP TABLE x AS SELECT 1; CREATE TABLE idiolect.kept AS SELECT * FROM idiolect.users");
  Value(store->Forget(User("ann"), ""));
  EXPECT_EQ(Query("SELECT count(*) FROM idiolect_keys.user_keys"), "1");
  // The users of a backup are put in place again: without her key ann stays erased.
  Query("INSERT INTO idiolect.users SELECT * FROM idiolect.kept WHERE user_id = 'ann'");
  EXPECT_EQ(store->Recent(User("ann"), 1).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(store->Append(User("ann"), Said("", "x"), "").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Append(*store, "bob", "again").revision, 2);
  Value(store->Forget(User("ann"), ""));
  EXPECT_EQ(Append(*store, "ann", "a new life").revision, 1);
}

TEST_F(PostgresStoreTest, WrongOrMissingMasterKeyIsRefused) {
  options_.vault = Vault();
  Append(*Open(), "ann", "x");
  options_.vault = nullptr;
  EXPECT_EQ(TryOpen().status().code(), kFailedPrecondition);
  options_.vault = Vault('x');
  EXPECT_EQ(TryOpen().status().code(), kFailedPrecondition);
  Query("TRUNCATE idiolect_keys.ring");
  options_.vault = Vault();
  EXPECT_THAT(std::string(TryOpen().status().message()), HasSubstr("restore the schema idiolect_keys"));
}

TEST_F(PostgresStoreTest, PlainTextsAreNotMixedWithSealedOnes) {
  Append(*Open(), "ann", "x");
  options_.vault = Vault();
  EXPECT_EQ(TryOpen().status().code(), kFailedPrecondition);
}

TEST_F(PostgresStoreTest, MasterKeyCanBeChanged) {
  options_.vault = Vault();
  for (const char* user : {"ann", "bob"}) Append(*Open(), user, "hello");
  {
    const auto server = Open();
    Append(*server, "ann", "again");
    EXPECT_EQ(RekeyPostgresStore(url_, *Vault(), *Vault('n')).status().code(), kFailedPrecondition);
  }
  EXPECT_EQ(RekeyPostgresStore(url_, *Vault('x'), *Vault('n')).status().code(), kFailedPrecondition);
  EXPECT_EQ(Value(RekeyPostgresStore(url_, *Vault(), *Vault('n'))), 2);
  EXPECT_EQ(TryOpen().status().code(), kFailedPrecondition);
  options_.vault = Vault('n');
  EXPECT_THAT(Responses(Value(Open()->Recent(User("bob"), 5)).exchanges), ElementsAre("hello"));
}

TEST_F(PostgresStoreTest, CheckCountsAllAndFindsWhatDoesNotAddUp) {
  EXPECT_EQ(CheckPostgresStore(url_, nullptr).status().code(), absl::StatusCode::kNotFound);
  options_.vault = Vault();
  const auto store = Open();
  for (const char* user : {"ann", "bob", "cleo"}) Append(*store, user, "hello", "r");
  Append(*store, "ann", "again");
  Value(store->Delete(User("ann"), 1, ""));
  const StoreCheck check = Value(CheckPostgresStore(url_, Vault()));
  EXPECT_TRUE(check.encrypted && check.texts_opened);
  EXPECT_EQ(check.users, 3);
  EXPECT_EQ(check.exchanges, 3);
  EXPECT_EQ(check.request_ids, 3);
  EXPECT_GT(check.bytes, 0);
  EXPECT_THAT(check.problems, ElementsAre());
  EXPECT_FALSE(Value(CheckPostgresStore(url_, nullptr)).texts_opened);
  Query("UPDATE idiolect.users SET exchange_count = 7 WHERE user_id = 'ann'");
  Query("DELETE FROM idiolect.users WHERE user_id = 'bob'");
  Query("UPDATE idiolect.exchanges SET sealed = 'x' WHERE user_id = 'cleo'");
  EXPECT_THAT(Value(CheckPostgresStore(url_, Vault())).problems,
              ElementsAre(HasSubstr("1 users have another number"), HasSubstr("1 users have a revision"),
                          HasSubstr("1 exchanges belong to no user"), HasSubstr("1 users have no key")));
}

TEST_F(PostgresStoreTest, RetentionDeletesWhatIsOldOrTooMuch) {
  options_.now = [] { return absl::FromUnixSeconds(1'000'000); };
  auto store = Open();
  for (const int64_t second : {999'899, 999'901, 5}) Value(store->Append(User("ann"), Said("", "x", second), ""));
  for (int i = 0; i < 5; ++i) Value(store->Append(User("bob"), Said("", absl::StrCat(i), 999'999), ""));
  std::mutex mutex;
  std::multiset<std::string> told;
  options_.time_to_live[""] = absl::Seconds(100);
  options_.max_exchanges_per_user = 3;
  options_.prune_interval = options_.deletions_interval = absl::Milliseconds(50);
  options_.on_deletion = [&](const UserKey& user) {
    const std::lock_guard lock(mutex);
    told.insert(user.user_id);
  };
  store = Open();
  const auto other = Open();
  Await([&] {
    return Value(store->Summary(User("ann"))).exchange_count == 1 &&
           Value(store->Summary(User("bob"))).exchange_count == 3;
  });
  EXPECT_EQ(Value(store->Summary(User("ann"))).revision, 5) << "three appends, two deletions";
  EXPECT_EQ(Value(store->Summary(User("ann"))).first_time, absl::FromUnixSeconds(999'901));
  EXPECT_THAT(Responses(Value(store->Recent(User("bob"), 9)).exchanges), ElementsAre("2", "3", "4"));
}

TEST_F(PostgresStoreTest, OldRequestIdsAreRemoved) {
  absl::Time now = absl::FromUnixSeconds(1'000'000);
  options_.now = [&] { return now; };
  options_.prune_interval = absl::Hours(100);
  auto store = Open();
  Append(*store, "ann", "named", "r");
  Append(*store, "ann", "unnamed");
  const auto requests = [] { return Query("SELECT count(*) FROM idiolect.requests"); };
  EXPECT_EQ(requests(), "2");
  now += absl::Minutes(11);
  store = Open();  // prunes at the start
  Await([&] { return requests() == "1"; });
  store = nullptr;
  now += absl::Hours(24);
  store = Open();
  Await([&] { return requests() == "0"; });
}

TEST_F(PostgresStoreTest, ServersThatStartTogetherMakeTheTablesOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      const auto store = TryOpen();
      ASSERT_TRUE(store.ok()) << store.status();
      Append(**store, "ann", "x");
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Value(Open()->Summary(User("ann"))).revision, 6);
}

TEST_F(PostgresStoreTest, NewerTablesAndOthersSchemasAreRefused) {
  Open();
  Query("UPDATE idiolect.meta SET value = '99' WHERE key = 'schema_version'");
  absl::Status status = TryOpen().status();
  EXPECT_EQ(status.code(), kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("version 99"));
  Query("DROP SCHEMA idiolect CASCADE; CREATE SCHEMA idiolect");
  status = TryOpen().status();
  EXPECT_EQ(status.code(), kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("another program"));
}

TEST_F(PostgresStoreTest, RoleThatMayNotMakeTablesIsTold) {
  Query("DROP ROLE IF EXISTS modest; CREATE ROLE modest LOGIN");
  std::string url = url_;
  url.replace(url.find("idiolect@"), 8, "modest");
  const absl::Status status = PostgresStore::Open(url).status();
  EXPECT_EQ(status.code(), kFailedPrecondition) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("may create schemas"));
}

TEST(PostgresUnreachableTest, IsUnavailableAtTheStart) {
  const absl::Status status = PostgresStore::Open("postgres://ann:s3cret@127.0.0.1:1/x").status();
  EXPECT_EQ(status.code(), kUnavailable);
  EXPECT_THAT(std::string(status.message()), testing::Not(HasSubstr("s3cret")));
}

}  // namespace
}  // namespace idiolect
