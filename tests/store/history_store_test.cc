// The contract of include/idiolect/history_store.h, under every store.
#include "idiolect/history_store.h"

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/store/store_fixture.h"

namespace idiolect {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kAlreadyExists = absl::StatusCode::kAlreadyExists;
constexpr auto kFailedPrecondition = absl::StatusCode::kFailedPrecondition;
constexpr auto kInvalidArgument = absl::StatusCode::kInvalidArgument;
constexpr auto kNotFound = absl::StatusCode::kNotFound;

class HistoryStoreTest : public StoreTest, public testing::WithParamInterface<StoreKind> {
 protected:
  HistoryStoreTest() : StoreTest(GetParam()) {}
};
INSTANTIATE_TEST_SUITE_P(Stores, HistoryStoreTest, testing::ValuesIn(TestedKinds()), KindName);

TEST_P(HistoryStoreTest, UserNeverSeenHasAnEmptyHistory) {
  const History history = Value(store_->Recent(User("ann"), 15));
  EXPECT_EQ(history.epoch, 0);
  EXPECT_EQ(history.revision, 0);
  EXPECT_THAT(history.exchanges, IsEmpty());
  const UserSummary summary = Summary("ann");
  EXPECT_EQ(summary.revision, 0);
  EXPECT_EQ(summary.first_time, absl::UnixEpoch());
  EXPECT_EQ(store_->Get(User("ann"), 1).status().code(), kNotFound);
  EXPECT_EQ(store_->Delete(User("ann"), 1, "").status().code(), kNotFound);
}

TEST_P(HistoryStoreTest, AppendReturnsTheExchangeAsStored) {
  const Exchange exchange{.sequence = 77,
                          .post = "hi",
                          .response = "hello",
                          .post_user = "bob",
                          .time = absl::FromUnixNanos(1'234'567),
                          .source = "telegram"};
  const AppendResult result = Value(store_->Append(User("ann"), exchange, "r"));
  Exchange stored = exchange;
  stored.sequence = 1;
  stored.time = absl::FromUnixMicros(1'234);
  EXPECT_EQ(result.exchange, stored);
  EXPECT_EQ(result.revision, 1);
  EXPECT_FALSE(result.duplicate);
  EXPECT_EQ(Value(store_->Get(User("ann"), 1)), stored);
  EXPECT_THAT(Value(store_->Recent(User("ann"), 1)).exchanges, ElementsAre(stored));
}

TEST_P(HistoryStoreTest, TimesBeforeTheEpochAreKept) {
  AppendAt("ann", "early", -5);
  EXPECT_EQ(Value(store_->Get(User("ann"), 1)).time, absl::FromUnixSeconds(-5));
  EXPECT_EQ(Summary("ann").last_time, absl::FromUnixSeconds(-5));
}

TEST_P(HistoryStoreTest, RecentIsTheNewestOldestFirst) {
  for (const char* word : {"a", "b", "c", "d"}) Append("ann", "", word);
  EXPECT_THAT(Recent("ann", 2), ElementsAre("c", "d"));
  EXPECT_THAT(Recent("ann", 4), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(Recent("ann", 9), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(Recent("ann", 0), IsEmpty());
}

TEST_P(HistoryStoreTest, OrderIsOfAppendingWhateverTheTime) {
  AppendAt("ann", "a", 30);
  AppendAt("ann", "b", 10);
  AppendAt("ann", "c", 20);
  EXPECT_THAT(Recent("ann"), ElementsAre("a", "b", "c"));
  EXPECT_EQ(Summary("ann").first_time, absl::FromUnixSeconds(10));
  EXPECT_EQ(Summary("ann").last_time, absl::FromUnixSeconds(30));
}

TEST_P(HistoryStoreTest, RecentRefusesARevisionNotReached) {
  Append("ann", "hi", "hello");
  EXPECT_TRUE(store_->Recent(User("ann"), 1, 1).ok());
  EXPECT_EQ(store_->Recent(User("ann"), 1, 2).status().code(), kFailedPrecondition);
  EXPECT_EQ(store_->Recent(User("bob"), 1, 1).status().code(), kFailedPrecondition);
}

TEST_P(HistoryStoreTest, AppendIsIdempotentByRequestId) {
  const AppendResult first = Append("ann", "hi", "hello", "r1");
  Append("ann", "how?", "fine", "r2");
  const AppendResult again = Append("ann", "hi", "hello", "r1");
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.exchange, first.exchange);
  EXPECT_EQ(again.revision, 1);
  EXPECT_THAT(Recent("ann"), ElementsAre("hello", "fine"));
}

TEST_P(HistoryStoreTest, RequestIdWithOtherContentIsRefused) {
  const Exchange first{.post = "hi", .response = "hello", .post_user = "bob", .source = "import"};
  ASSERT_TRUE(store_->Append(User("ann"), first, "r").ok());
  Exchange sequence = first, post = first, response = first, post_user = first, time = first, source = first;
  sequence.sequence = 5;  // not content
  EXPECT_TRUE(Value(store_->Append(User("ann"), sequence, "r")).duplicate);
  post.post = "hey";
  response.response = "yo";
  post_user.post_user = "cleo";
  time.time = absl::FromUnixMicros(1);
  source.source = "telegram";
  for (const Exchange& other : {post, response, post_user, time, source}) {
    EXPECT_EQ(store_->Append(User("ann"), other, "r").status().code(), kAlreadyExists);
  }
  EXPECT_EQ(Summary("ann").revision, 1);
}

TEST_P(HistoryStoreTest, ErrorsDontTellTheText) {
  Append("ann", "hi", "my secret", "r");
  const absl::Status status = store_->Append(User("ann"), Said("hi", "another secret"), "r").status();
  EXPECT_EQ(status.message().find("secret"), std::string::npos);
}

TEST_P(HistoryStoreTest, RequestIdsBelongToOneUserAndOperation) {
  Append("ann", "hi", "hello", "r");
  EXPECT_FALSE(Append("bob", "other", "words", "r").duplicate);
  const DeleteResult deleted = Value(store_->Delete(User("ann"), 1, "r"));
  EXPECT_FALSE(deleted.duplicate);
  EXPECT_EQ(deleted.revision, 2);
}

TEST_P(HistoryStoreTest, WithoutRequestIdEveryAppendIsNew) {
  Append("ann", "hi", "hello");
  EXPECT_FALSE(Append("ann", "hi", "hello").duplicate);
  EXPECT_EQ(Summary("ann").exchange_count, 2);
}

TEST_P(HistoryStoreTest, RequestIdsAreForgottenAfterTheirLifetime) {
  Append("ann", "hi", "hello", "r");
  store_.Advance(absl::Hours(24));
  EXPECT_TRUE(Append("ann", "hi", "hello", "r").duplicate);
  store_.Advance(absl::Seconds(1));
  EXPECT_FALSE(Append("ann", "hi", "hello", "r").duplicate);
  EXPECT_TRUE(Append("ann", "hi", "hello", "r").duplicate) << "remembered anew";
  EXPECT_EQ(Summary("ann").exchange_count, 2);
}

TEST_P(HistoryStoreTest, DuplicateOfADeletedExchangeStoresNothing) {
  Append("ann", "hi", "hello", "r");
  Value(store_->Delete(User("ann"), 1, ""));
  const AppendResult again = Append("ann", "hi", "hello", "r");
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.exchange.sequence, 1);
  EXPECT_EQ(Summary("ann").exchange_count, 0);
}

TEST_P(HistoryStoreTest, DeleteRemovesOneAndMovesTheRevision) {
  for (const char* word : {"a", "b", "c"}) Append("ann", "", word);
  EXPECT_EQ(Value(store_->Delete(User("ann"), 2, "")).revision, 4);
  EXPECT_THAT(Recent("ann"), ElementsAre("a", "c"));
  EXPECT_EQ(store_->Get(User("ann"), 2).status().code(), kNotFound);
  EXPECT_EQ(store_->Delete(User("ann"), 2, "").status().code(), kNotFound);
  EXPECT_EQ(Summary("ann").revision, 4) << "a failed deletion moves nothing";
}

TEST_P(HistoryStoreTest, SequencesAreNotReused) {
  Append("ann", "", "a");
  Append("ann", "", "b");
  Value(store_->Delete(User("ann"), 2, ""));
  EXPECT_EQ(Append("ann", "", "c").exchange.sequence, 3);
}

TEST_P(HistoryStoreTest, DeleteIsIdempotentByRequestId) {
  for (const char* word : {"a", "b", "c"}) Append("ann", "", word);
  Value(store_->Delete(User("ann"), 1, "d"));
  Append("ann", "", "e");
  const DeleteResult again = Value(store_->Delete(User("ann"), 1, "d"));
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.revision, 4);
  EXPECT_EQ(store_->Delete(User("ann"), 2, "d").status().code(), kAlreadyExists);
  EXPECT_THAT(Recent("ann"), ElementsAre("b", "c", "e"));
}

TEST_P(HistoryStoreTest, FailedDeleteDoesNotUseUpItsRequestId) {
  EXPECT_EQ(store_->Delete(User("ann"), 1, "d").status().code(), kNotFound);
  Append("ann", "", "a");
  EXPECT_FALSE(Value(store_->Delete(User("ann"), 1, "d")).duplicate);
}

TEST_P(HistoryStoreTest, TimeRangeFollowsDeletions) {
  for (int64_t second : {20, 10, 40, 30, 40}) AppendAt("ann", "", second);
  const auto range = [&] {
    const UserSummary summary = Summary("ann");
    return std::pair(absl::ToUnixSeconds(summary.first_time), absl::ToUnixSeconds(summary.last_time));
  };
  const auto remove = [&](int64_t sequence) { Value(store_->Delete(User("ann"), sequence, "")); };
  remove(2);
  EXPECT_EQ(range(), std::pair(int64_t{20}, int64_t{40}));
  remove(3);
  EXPECT_EQ(range(), std::pair(int64_t{20}, int64_t{40})) << "there was another at 40";
  remove(5);
  EXPECT_EQ(range(), std::pair(int64_t{20}, int64_t{30}));
  remove(1);
  remove(4);
  EXPECT_EQ(range(), std::pair(int64_t{0}, int64_t{0}));
  AppendAt("ann", "", 25);
  EXPECT_EQ(range(), std::pair(int64_t{25}, int64_t{25})) << "of the exchanges that there are";
}

TEST_P(HistoryStoreTest, ForgetErasesAllAndGivesAReceipt) {
  Append("ann", "hi", "hello", "r1");
  Append("ann", "hi", "hello", "r2");
  Append("ann", "hi", "hello");
  Value(store_->Delete(User("ann"), 1, "r1"));
  Append("bob", "hi", "hello", "r1");
  const ErasureReceipt receipt = Value(store_->Forget(User("ann"), "f"));
  EXPECT_EQ(receipt.exchanges_erased, 2);
  EXPECT_EQ(receipt.request_ids_erased, 3);
  EXPECT_EQ(receipt.last_revision, 4);
  EXPECT_EQ(receipt.time, store_.options().now());
  EXPECT_FALSE(receipt.duplicate);
  EXPECT_THAT(Recent("ann"), IsEmpty());
  EXPECT_EQ(Summary("ann").revision, 0);
  EXPECT_THAT(Recent("bob"), ElementsAre("hello"));
}

TEST_P(HistoryStoreTest, RepeatedForgetGivesTheSameReceiptAndErasesNothing) {
  Append("ann", "hi", "hello");
  const ErasureReceipt first = Value(store_->Forget(User("ann"), "f"));
  Append("ann", "hi", "back again");
  store_.Advance(absl::Hours(100));
  const ErasureReceipt again = Value(store_->Forget(User("ann"), "f"));
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.exchanges_erased, 1);
  EXPECT_EQ(again.last_revision, 1);
  EXPECT_EQ(again.time, first.time);
  EXPECT_THAT(Recent("ann"), ElementsAre("back again"));
  EXPECT_EQ(Value(store_->Forget(User("ann"), "g")).exchanges_erased, 1);
}

TEST_P(HistoryStoreTest, ForgettingAUserNeverSeenErasesNothing) {
  const ErasureReceipt receipt = Value(store_->Forget(User("ann"), "f"));
  EXPECT_EQ(receipt.exchanges_erased, 0);
  EXPECT_EQ(receipt.request_ids_erased, 0);
  EXPECT_EQ(receipt.last_revision, 0);
  Append("ann", "hi", "hello");
  EXPECT_TRUE(Value(store_->Forget(User("ann"), "f")).duplicate);
  EXPECT_THAT(Recent("ann"), ElementsAre("hello"));
}

TEST_P(HistoryStoreTest, UserWhoComesBackHasANewEpoch) {
  Append("ann", "hi", "hello", "r");
  Append("ann", "hi", "hello again");
  const int64_t first_epoch = Summary("ann").epoch;
  EXPECT_GT(first_epoch, 0);
  Value(store_->Forget(User("ann"), ""));
  store_.Reopen();
  const AppendResult back = Append("ann", "hi", "other words", "r");
  EXPECT_FALSE(back.duplicate) << "request ids are forgotten too";
  EXPECT_EQ(back.revision, 1);
  EXPECT_EQ(back.exchange.sequence, 1);
  EXPECT_GT(Summary("ann").epoch, first_epoch);
  EXPECT_EQ(Value(store_->Recent(User("ann"), 1)).epoch, Summary("ann").epoch);
}

TEST_P(HistoryStoreTest, DeletingAllKeepsTheEpochAndTheRevision) {
  Append("ann", "hi", "hello");
  const int64_t epoch = Summary("ann").epoch;
  Value(store_->Delete(User("ann"), 1, ""));
  EXPECT_EQ(Append("ann", "hi", "hello").revision, 3);
  EXPECT_EQ(Summary("ann").epoch, epoch);
}

TEST_P(HistoryStoreTest, TenantsDontSeeEachOther) {
  Value(store_->Append(User("ann", "acme"), Said("hi", "of acme"), "r"));
  Value(store_->Append(User("ann", "brix"), Said("hi", "of brix"), "r"));
  Value(store_->Append(User("ann", "brix"), Said("hi", "of brix too"), ""));
  EXPECT_THAT(Responses(Value(store_->Recent(User("ann", "acme"), 9)).exchanges), ElementsAre("of acme"));
  EXPECT_EQ(store_->Get(User("ann", "acme"), 2).status().code(), kNotFound);
  EXPECT_EQ(store_->Delete(User("ann", "acme"), 2, "").status().code(), kNotFound);
  EXPECT_EQ(Value(store_->ListUsers("acme", 9, "")).users.size(), 1u);
  EXPECT_THAT(Value(store_->ListUsers("acm", 9, "")).users, IsEmpty());
  Value(store_->Forget(User("ann", "acme"), "f"));
  EXPECT_THAT(Responses(Value(store_->Recent(User("ann", "brix"), 9)).exchanges),
              ElementsAre("of brix", "of brix too"));
  EXPECT_EQ(Value(store_->Forget(User("ann", "brix"), "f")).exchanges_erased, 2) << "its own receipt";
}

TEST_P(HistoryStoreTest, NamesAreNotMixedUpWhereTheyTouch) {
  Value(store_->Append({"ab", "c"}, Said("", "one"), ""));
  Value(store_->Append({"a", "bc"}, Said("", "two"), ""));
  Value(store_->Append({"a", std::string("b\0c", 3)}, Said("", "three"), ""));
  Value(store_->Append({"a", "b"}, Said("", "four"), ""));
  EXPECT_THAT(Responses(Value(store_->Recent({"a", "bc"}, 9)).exchanges), ElementsAre("two"));
  EXPECT_THAT(Responses(Value(store_->Recent({"a", std::string("b\0c", 3)}, 9)).exchanges), ElementsAre("three"));
  EXPECT_THAT(Responses(Value(store_->Recent({"a", "b"}, 9)).exchanges), ElementsAre("four"));
}

TEST_P(HistoryStoreTest, AnyTextSurvives) {
  std::string all_bytes;
  for (int byte = 0; byte < 256; ++byte) all_bytes += static_cast<char>(byte);
  const std::vector<std::string> texts = {
      "",        "Grüße, 你好, привет",   "\U0001F600\u200D\U0001F466", std::string("a\0b\0", 4),
      all_bytes, std::string(16384, 'x'), std::string(16384, '\0')};
  for (size_t i = 0; i < texts.size(); ++i) {
    const Exchange exchange{.post = texts[i],
                            .response = texts[texts.size() - 1 - i],
                            .post_user = texts[i].substr(0, 200),
                            .source = texts[i].substr(0, 100)};
    Value(store_->Append(User("ann"), exchange, absl::StrCat("r", i)));
    store_.Reopen();
    Exchange stored = Value(store_->Get(User("ann"), static_cast<int64_t>(i) + 1));
    stored.sequence = 0;
    EXPECT_TRUE(stored == exchange) << "text " << i;
    EXPECT_TRUE(Value(store_->Append(User("ann"), exchange, absl::StrCat("r", i))).duplicate);
  }
}

TEST_P(HistoryStoreTest, ImportStoresInOrderAndReportsEachRecord) {
  Append("ann", "hi", "old", "r0");
  const std::vector<ImportRecord> records = {
      {User("ann"), Said("hi", "one"), "r1"}, {User("bob"), Said("hi", "two"), "r1"},
      {User("ann"), Said("hi", "one"), "r1"}, {User("ann"), Said("hi", "other"), "r1"},
      {User("ann"), Said("hi", "old"), "r0"}, {User("ann"), Said("hi", "three"), ""},
      {User("ann"), Said("hi", "three"), ""},
  };
  EXPECT_THAT(
      Value(store_->Import(records)),
      ElementsAre(ImportOutcome::kStored, ImportOutcome::kStored, ImportOutcome::kDuplicate, ImportOutcome::kConflict,
                  ImportOutcome::kDuplicate, ImportOutcome::kStored, ImportOutcome::kStored));
  EXPECT_THAT(Recent("ann"), ElementsAre("old", "one", "three", "three"));
  EXPECT_THAT(Recent("bob"), ElementsAre("two"));
  EXPECT_EQ(Summary("ann").revision, 4);
  EXPECT_TRUE(Append("ann", "hi", "one", "r1").duplicate) << "an import is an append";
}

TEST_P(HistoryStoreTest, ImportOfNothingIsNothing) { EXPECT_THAT(Value(store_->Import({})), IsEmpty()); }

class Paging : public HistoryStoreTest {
 protected:
  // All pages after one another.
  std::vector<std::string> ListAll(int page_size, ListOrder order) {
    std::vector<std::string> all;
    std::string token;
    do {
      const ExchangePage page = Value(store_->List(User("ann"), page_size, token, order));
      EXPECT_LE(page.exchanges.size(), static_cast<size_t>(page_size));
      for (const Exchange& exchange : page.exchanges) all.push_back(exchange.response);
      token = page.next_page_token;
    } while (!token.empty());
    return all;
  }
  absl::StatusCode CodeOf(std::string_view token, UserKey user = User("ann"),
                          ListOrder order = ListOrder::kOldestFirst) {
    return store_->List(user, 2, token, order).status().code();
  }
};
INSTANTIATE_TEST_SUITE_P(Stores, Paging, testing::ValuesIn(TestedKinds()), KindName);

TEST_P(Paging, BothOrdersInPagesOfAnySize) {
  for (const char* word : {"a", "b", "c", "d", "e"}) Append("ann", "", word);
  Append("anna", "", "not hers");
  Value(store_->Delete(User("ann"), 3, ""));
  for (int page_size : {1, 2, 3, 4, 5, 1000}) {
    EXPECT_THAT(ListAll(page_size, ListOrder::kOldestFirst), ElementsAre("a", "b", "d", "e")) << page_size;
    EXPECT_THAT(ListAll(page_size, ListOrder::kNewestFirst), ElementsAre("e", "d", "b", "a")) << page_size;
  }
}

TEST_P(Paging, LastFullPageHasNoToken) {
  Append("ann", "", "a");
  Append("ann", "", "b");
  EXPECT_EQ(Value(store_->List(User("ann"), 2, "", ListOrder::kOldestFirst)).next_page_token, "");
  EXPECT_NE(Value(store_->List(User("ann"), 1, "", ListOrder::kOldestFirst)).next_page_token, "");
}

TEST_P(Paging, PagesContinueOverChanges) {
  for (const char* word : {"a", "b", "c", "d"}) Append("ann", "", word);
  const ExchangePage first = Value(store_->List(User("ann"), 2, "", ListOrder::kOldestFirst));
  Value(store_->Delete(User("ann"), 2, ""));
  Append("ann", "", "e");
  store_.Reopen();
  const ExchangePage second = Value(store_->List(User("ann"), 9, first.next_page_token, ListOrder::kOldestFirst));
  EXPECT_THAT(Responses(second.exchanges), ElementsAre("c", "d", "e"));
}

TEST_P(Paging, TokensOfAnythingElseAreRefused) {
  for (const char* word : {"a", "b", "c"}) {
    Append("ann", "", word);
    Append("bob", "", word);
  }
  const std::string token = Value(store_->List(User("ann"), 1, "", ListOrder::kOldestFirst)).next_page_token;
  EXPECT_EQ(CodeOf(token), absl::StatusCode::kOk);
  EXPECT_EQ(CodeOf(token, User("bob")), kInvalidArgument);
  EXPECT_EQ(CodeOf(token, User("ann", "brix")), kInvalidArgument);
  EXPECT_EQ(CodeOf(token, User("ann"), ListOrder::kNewestFirst), kInvalidArgument);
  EXPECT_EQ(CodeOf(Value(store_->ListUsers("acme", 1, "")).next_page_token), kInvalidArgument);
  EXPECT_EQ(store_->ListUsers("acme", 1, token).status().code(), kInvalidArgument);
  for (const std::string& bad :
       {std::string("x"), token + "A", token.substr(1), std::string("\0", 1), std::string(9999, 'A')}) {
    EXPECT_EQ(CodeOf(bad), kInvalidArgument);
  }
  for (size_t i = 0; i < token.size(); ++i) {
    std::string altered = token;
    altered[i] = altered[i] == 'Q' ? 'g' : 'Q';
    if (CodeOf(altered) == absl::StatusCode::kOk) ADD_FAILURE() << "altered at " << i;
  }
}

TEST_P(Paging, PageSizeBelowOneIsRefused) {
  EXPECT_EQ(store_->List(User("ann"), 0, "", ListOrder::kOldestFirst).status().code(), kInvalidArgument);
  EXPECT_EQ(store_->ListUsers("acme", -1, "").status().code(), kInvalidArgument);
}

TEST_P(Paging, UsersInOrderOfTheirBytes) {
  const std::vector<std::string> users = {"B", "a", "ab", "b", "é", "\U0001F600"};
  for (auto user = users.rbegin(); user != users.rend(); ++user) Append(*user, "hi", "hello");
  Value(store_->Append(User("aa", "brix"), Said("", ""), ""));
  for (int page_size : {1, 2, 6, 7}) {
    std::vector<std::string> listed;
    std::string token;
    do {
      const UserPage page = Value(store_->ListUsers("acme", page_size, token));
      for (const UserSummary& summary : page.users) listed.push_back(summary.user_id);
      token = page.next_page_token;
    } while (!token.empty());
    EXPECT_EQ(listed, users) << page_size;
  }
}

TEST_P(Paging, ListedUsersAreTheirSummaries) {
  AppendAt("ann", "a", 20);
  AppendAt("ann", "b", 10);
  const UserPage page = Value(store_->ListUsers("acme", 5, ""));
  ASSERT_EQ(page.users.size(), 1u);
  const UserSummary& ann = page.users.front();
  EXPECT_EQ(ann.user_id, "ann");
  EXPECT_EQ(ann.epoch, Summary("ann").epoch);
  EXPECT_EQ(ann.revision, 2);
  EXPECT_EQ(ann.exchange_count, 2);
  EXPECT_EQ(ann.first_time, absl::FromUnixSeconds(10));
  EXPECT_EQ(ann.last_time, absl::FromUnixSeconds(20));
  EXPECT_EQ(Value(store_->ListUsers("brix", 5, page.next_page_token)).users.size(), 0u);
}

TEST_P(HistoryStoreTest, ConcurrentAppendsLoseNothing) {
  constexpr int kThreads = 16;
  constexpr int kAppends = 40;
  std::vector<std::set<int64_t>> revisions(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kAppends; ++i) {
        const std::string text = absl::StrCat(t, "/", i);
        revisions[t].insert(Append("ann", "hi", text, text).revision);
        Append(absl::StrCat("user", t), "hi", text);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  store_.Reopen();
  std::set<int64_t> all;
  for (const std::set<int64_t>& some : revisions) all.insert(some.begin(), some.end());
  EXPECT_EQ(all.size(), size_t{kThreads * kAppends});
  EXPECT_EQ(*all.begin(), 1);
  EXPECT_EQ(*all.rbegin(), kThreads * kAppends);
  std::set<std::string> texts;
  for (const std::string& response : Recent("ann", 10000)) texts.insert(response);
  EXPECT_EQ(texts.size(), size_t{kThreads * kAppends});
  std::vector<std::string> own;
  for (int i = 0; i < kAppends; ++i) own.push_back(absl::StrCat("7/", i));
  EXPECT_EQ(Recent("user7"), own) << "one caller's appends keep their order";
}

TEST_P(HistoryStoreTest, ConcurrentRepetitionsStoreOnce) {
  std::atomic<int> stored = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) stored += Append("ann", "hi", "hello", absl::StrCat(i)).duplicate ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(stored, 20);
  EXPECT_EQ(Summary("ann").exchange_count, 20);
}

TEST_P(HistoryStoreTest, ReadersSeeWholeStates) {
  std::atomic<bool> stop = false;
  std::thread reader([&] {
    while (!stop) {
      const History history = Value(store_->Recent(User("ann"), 1000));
      EXPECT_EQ(static_cast<int64_t>(history.exchanges.size()), history.revision);
    }
  });
  for (int i = 0; i < 100; ++i) Append("ann", "hi", "hello");
  stop = true;
  reader.join();
}

TEST_P(HistoryStoreTest, PingIsFine) { EXPECT_TRUE(store_->Ping().ok()); }

TEST(OpenHistoryStoreTest, SchemesAreTold) {
  EXPECT_TRUE(OpenHistoryStore("memory:").ok());
  const TempFolder folder;
  EXPECT_TRUE(OpenHistoryStore("sqlite:" + folder.File("h.db")).ok());
  for (const char* url : {"", "history.db", "mysql:x", "sqlite:", "memory:x"}) {
    EXPECT_EQ(OpenHistoryStore(url).status().code(), kInvalidArgument) << url;
  }
}

}  // namespace
}  // namespace idiolect
