// Random calls against a store and against a model that is a plain map: after every call both tell the same.
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/store/store_fixture.h"

namespace idiolect {
namespace {

// Few values, so that calls meet: the same user, request id or text again.
struct Call {
  enum Kind { kAppend, kImport, kDelete, kForget, kReopen, kKinds };
  int kind = kAppend, user = 0, text = 0, request = 0, sequence = 0, second = 0;
};

std::ostream& operator<<(std::ostream& out, const Call& call) {
  const char* names[] = {"append", "import", "delete", "forget", "reopen"};
  return out << names[call.kind] << "(user " << call.user << ", text " << call.text << ", request " << call.request
             << ", sequence " << call.sequence << ", second " << call.second << ")";
}

rc::Gen<Call> AnyCall() {
  const auto kinds = rc::gen::weightedElement<int>(
      {{8, Call::kAppend}, {2, Call::kImport}, {4, Call::kDelete}, {1, Call::kForget}, {1, Call::kReopen}});
  const auto below = [](int end) { return rc::gen::inRange(0, end); };
  return rc::gen::construct<Call>(kinds, below(4), below(3), below(5), below(8), below(6));
}

UserKey UserOf(const Call& call) { return {call.user / 2 == 0 ? "acme" : "brix", call.user % 2 == 0 ? "ann" : "bob"}; }
Exchange ExchangeOf(const Call& call) { return Said("post", absl::StrCat("text ", call.text), call.second % 2); }
// Request 0 stands for none.
std::string RequestOf(const Call& call) { return call.request == 0 ? "" : absl::StrCat("request ", call.request); }

bool SameContent(Exchange a, Exchange b) {
  a.sequence = b.sequence = 0;
  return a == b;
}

struct ModelUser {
  int64_t revision = 0;
  int64_t last_sequence = 0;
  std::map<int64_t, Exchange> exchanges;
  std::map<std::string, AppendResult> appends;  // by request id
  std::map<std::string, std::pair<int64_t, DeleteResult>> deletes;
};

class Model {
 public:
  absl::StatusOr<AppendResult> Append(const UserKey& key, const Exchange& exchange, const std::string& request) {
    ModelUser& user = users[key];
    if (const auto before = user.appends.find(request); before != user.appends.end()) {
      if (!SameContent(before->second.exchange, exchange)) return absl::AlreadyExistsError("");
      AppendResult again = before->second;
      again.duplicate = true;
      return again;
    }
    Exchange stored = exchange;
    stored.sequence = ++user.last_sequence;
    user.exchanges[stored.sequence] = stored;
    const AppendResult result{stored, ++user.revision};
    if (!request.empty()) user.appends[request] = result;
    return result;
  }

  absl::StatusOr<DeleteResult> Delete(const UserKey& key, int64_t sequence, const std::string& request) {
    const auto found = users.find(key);
    if (found == users.end()) return absl::NotFoundError("");
    ModelUser& user = found->second;
    if (const auto before = user.deletes.find(request); before != user.deletes.end()) {
      if (before->second.first != sequence) return absl::AlreadyExistsError("");
      return DeleteResult{before->second.second.revision, true};
    }
    if (user.exchanges.erase(sequence) == 0) return absl::NotFoundError("");
    const DeleteResult result{++user.revision};
    if (!request.empty()) user.deletes[request] = {sequence, result};
    return result;
  }

  ErasureReceipt Forget(const UserKey& key, const std::string& request) {
    if (const auto before = receipts.find({key, request}); before != receipts.end()) {
      ErasureReceipt again = before->second;
      again.duplicate = true;
      return again;
    }
    ErasureReceipt receipt;
    if (const auto found = users.find(key); found != users.end()) {
      const ModelUser& user = found->second;
      receipt.exchanges_erased = user.exchanges.size();
      receipt.request_ids_erased = user.appends.size() + user.deletes.size();
      receipt.last_revision = user.revision;
      users.erase(found);
    }
    if (!request.empty()) receipts[{key, request}] = receipt;
    return receipt;
  }

  std::map<UserKey, ModelUser> users;
  std::map<std::pair<UserKey, std::string>, ErasureReceipt> receipts;
};

class Comparison {
 public:
  explicit Comparison(StoreKind kind) : store_(kind) {}

  void Run(const Call& call) {
    switch (call.kind) {
      case Call::kAppend:
        return RunAppend(call);
      case Call::kImport:
        return RunImport(call);
      case Call::kDelete:
        return RunDelete(call);
      case Call::kForget:
        return RunForget(call);
      case Call::kReopen:
        return store_.Reopen();
    }
  }

  void CompareState() {
    for (int user = 0; user < 4; ++user) CompareUser(UserOf({.user = user}));
    CompareUserList("acme");
    CompareUserList("brix");
  }

 private:
  void RunAppend(const Call& call) {
    const auto expected = model_.Append(UserOf(call), ExchangeOf(call), RequestOf(call));
    const auto actual = store_->Append(UserOf(call), ExchangeOf(call), RequestOf(call));
    RC_ASSERT(actual.status().code() == expected.status().code());
    if (!expected.ok()) return;
    RC_ASSERT(actual->exchange == expected->exchange);
    RC_ASSERT(actual->revision == expected->revision);
    RC_ASSERT(actual->duplicate == expected->duplicate);
  }

  // Three records: the call's, one with another text, and one of another user.
  void RunImport(const Call& call) {
    Call other_text = call, other_user = call;
    other_text.text = (call.text + call.second) % 3;
    other_user.user = (call.user + 1) % 4;
    std::vector<ImportRecord> records;
    std::vector<ImportOutcome> expected;
    for (const Call& record : {call, other_text, other_user}) {
      records.push_back({UserOf(record), ExchangeOf(record), RequestOf(record)});
      const auto appended = model_.Append(UserOf(record), ExchangeOf(record), RequestOf(record));
      expected.push_back(!appended.ok()        ? ImportOutcome::kConflict
                         : appended->duplicate ? ImportOutcome::kDuplicate
                                               : ImportOutcome::kStored);
    }
    const auto actual = store_->Import(records);
    RC_ASSERT(actual.ok());
    RC_ASSERT(*actual == expected);
  }

  void RunDelete(const Call& call) {
    const auto expected = model_.Delete(UserOf(call), call.sequence, RequestOf(call));
    const auto actual = store_->Delete(UserOf(call), call.sequence, RequestOf(call));
    RC_ASSERT(actual.status().code() == expected.status().code());
    if (!expected.ok()) return;
    RC_ASSERT(actual->revision == expected->revision);
    RC_ASSERT(actual->duplicate == expected->duplicate);
  }

  void RunForget(const Call& call) {
    const ErasureReceipt expected = model_.Forget(UserOf(call), RequestOf(call));
    const auto actual = store_->Forget(UserOf(call), RequestOf(call));
    RC_ASSERT(actual.ok());
    RC_ASSERT(actual->exchanges_erased == expected.exchanges_erased);
    RC_ASSERT(actual->request_ids_erased == expected.request_ids_erased);
    RC_ASSERT(actual->last_revision == expected.last_revision);
    RC_ASSERT(actual->duplicate == expected.duplicate);
    if (!expected.duplicate) epochs_.erase(UserOf(call));
  }

  void CompareUser(const UserKey& key) {
    const auto found = model_.users.find(key);
    const ModelUser expected = found == model_.users.end() ? ModelUser() : found->second;
    std::vector<Exchange> exchanges;
    for (const auto& [sequence, exchange] : expected.exchanges) exchanges.push_back(exchange);

    const auto history = store_->Recent(key, 1000, expected.revision);
    RC_ASSERT(history.ok());
    RC_ASSERT(history->revision == expected.revision);
    RC_ASSERT(history->exchanges == exchanges);
    CompareEpoch(key, expected.revision, history->epoch);
    RC_ASSERT(ListAll(key, ListOrder::kOldestFirst) == exchanges);
    std::reverse(exchanges.begin(), exchanges.end());
    RC_ASSERT(ListAll(key, ListOrder::kNewestFirst) == exchanges);
    CompareSummary(key, expected, history->epoch);
  }

  // An epoch stays the same for a life, and is above all that were before.
  void CompareEpoch(const UserKey& key, int64_t revision, int64_t epoch) {
    if (revision == 0) {
      RC_ASSERT(epoch == 0);
    } else if (const auto known = epochs_.find(key); known != epochs_.end()) {
      RC_ASSERT(epoch == known->second);
    } else {
      RC_ASSERT(used_epochs_.insert(epoch).second);
      epochs_[key] = epoch;
    }
  }

  void CompareSummary(const UserKey& key, const ModelUser& expected, int64_t epoch) {
    const auto summary = store_->Summary(key);
    RC_ASSERT(summary.ok());
    RC_ASSERT(summary->epoch == epoch);
    RC_ASSERT(summary->revision == expected.revision);
    RC_ASSERT(summary->exchange_count == static_cast<int64_t>(expected.exchanges.size()));
    std::set<absl::Time> times;
    for (const auto& [sequence, exchange] : expected.exchanges) times.insert(exchange.time);
    RC_ASSERT(summary->first_time == (times.empty() ? absl::UnixEpoch() : *times.begin()));
    RC_ASSERT(summary->last_time == (times.empty() ? absl::UnixEpoch() : *times.rbegin()));
  }

  void CompareUserList(const std::string& tenant) {
    std::vector<std::string> expected, listed;
    for (const auto& [key, user] : model_.users) {
      if (key.tenant == tenant) expected.push_back(key.user_id);
    }
    std::string token;
    do {
      const auto page = store_->ListUsers(tenant, 1, token);
      RC_ASSERT(page.ok());
      for (const UserSummary& user : page->users) listed.push_back(user.user_id);
      token = page->next_page_token;
    } while (!token.empty());
    RC_ASSERT(listed == expected);
  }

  std::vector<Exchange> ListAll(const UserKey& key, ListOrder order) {
    std::vector<Exchange> all;
    std::string token;
    do {
      const auto page = store_->List(key, 3, token, order);
      RC_ASSERT(page.ok());
      all.insert(all.end(), page->exchanges.begin(), page->exchanges.end());
      token = page->next_page_token;
    } while (!token.empty());
    return all;
  }

  TestedStore store_;
  Model model_;
  std::map<UserKey, int64_t> epochs_;
  std::set<int64_t> used_epochs_;
};

class HistoryStoreModelTest : public testing::TestWithParam<StoreKind> {};
INSTANTIATE_TEST_SUITE_P(Stores, HistoryStoreModelTest, testing::ValuesIn(TestedKinds()), KindName);

TEST_P(HistoryStoreModelTest, RandomCallsTellTheSame) {
  EXPECT_TRUE(rc::check([kind = GetParam()] {
    const auto calls = *rc::gen::scale(0.5, rc::gen::container<std::vector<Call>>(AnyCall()));
    Comparison comparison(kind);
    for (const Call& call : calls) {
      comparison.Run(call);
      comparison.CompareState();
    }
  }));
}

}  // namespace
}  // namespace idiolect
