#include "store/memory_store.h"

#include <openssl/rand.h>

#include <algorithm>
#include <iterator>
#include <mutex>

#include "store/content_digest.h"
#include "store/status_macros.h"
#include "store/store_errors.h"

namespace idiolect {
namespace {

std::string RandomKey() {
  std::string key(32, '\0');
  RAND_bytes(reinterpret_cast<unsigned char*>(key.data()), static_cast<int>(key.size()));
  return key;
}

}  // namespace

MemoryStore::MemoryStore(const StoreOptions& options)
    : options_(options), tokens_(RandomKey()), last_prune_(options.now()) {}

absl::StatusOr<AppendResult> MemoryStore::Append(const UserKey& user, const Exchange& exchange,
                                                 std::string_view request_id) {
  const std::unique_lock lock(mutex_);
  PruneIfDue();
  return AppendLocked(user, exchange, request_id);
}

absl::StatusOr<AppendResult> MemoryStore::AppendLocked(const UserKey& key, const Exchange& exchange,
                                                       std::string_view request_id) {
  User& user = users_[key];
  const absl::Time now = options_.now();
  if (request_id.empty()) return AppendNew(user, exchange, now);
  std::string digest = AppendDigest(exchange);
  if (const AnsweredRequest* answered = FindRequest(user, RequestKind::kAppend, request_id)) {
    if (answered->digest != digest) return RequestIdReused();
    return AppendResult{StoredExchange(exchange, answered->sequence, answered->created), answered->revision,
                        /*duplicate=*/true};
  }
  AppendResult result = AppendNew(user, exchange, now);
  user.requests[{RequestKind::kAppend, std::string(request_id)}] = {std::move(digest), result.exchange.sequence,
                                                                    result.revision, now};
  return result;
}

AppendResult MemoryStore::AppendNew(User& user, const Exchange& exchange, absl::Time now) {
  if (user.state.epoch == 0) user.state.epoch = ++last_epoch_;
  Exchange stored = StoredExchange(exchange, user.state.last_sequence + 1, now);
  user.state.CountAppend(StoredTime(stored.time));
  AppendResult result{std::move(stored), user.state.revision};
  user.exchanges.emplace(result.exchange.sequence, result.exchange);
  return result;
}

absl::StatusOr<std::vector<ImportOutcome>> MemoryStore::Import(absl::Span<const ImportRecord> records) {
  const std::unique_lock lock(mutex_);
  PruneIfDue();
  std::vector<ImportOutcome> outcomes;
  outcomes.reserve(records.size());
  for (const ImportRecord& record : records) {
    const auto appended = AppendLocked(record.user, record.exchange, record.request_id);
    if (!appended.ok()) {  // nothing but a conflict can happen here
      outcomes.push_back(ImportOutcome::kConflict);
    } else {
      outcomes.push_back(appended->duplicate ? ImportOutcome::kDuplicate : ImportOutcome::kStored);
    }
  }
  return outcomes;
}

absl::StatusOr<History> MemoryStore::Recent(const UserKey& user, int count, int64_t min_revision) {
  const std::shared_lock lock(mutex_);
  const User* found = Find(user);
  const int64_t revision = found == nullptr ? 0 : found->state.revision;
  if (revision < min_revision) return RevisionNotReached(revision, min_revision);
  History history;
  if (found == nullptr) return history;
  history.epoch = found->state.epoch;
  history.revision = revision;
  const auto wanted = std::min<int64_t>(std::max(count, 0), found->exchanges.size());
  for (auto it = std::prev(found->exchanges.end(), wanted); it != found->exchanges.end(); ++it) {
    history.exchanges.push_back(it->second);
  }
  return history;
}

absl::StatusOr<ExchangePage> MemoryStore::List(const UserKey& user, int page_size, std::string_view page_token,
                                               ListOrder order) {
  STORE_RETURN_IF_ERROR(CheckPageSize(page_size));
  STORE_ASSIGN_OR_RETURN(const int64_t after, tokens_.ParseExchanges(user, order, page_token));
  const std::shared_lock lock(mutex_);
  const User* found = Find(user);
  ExchangePage page;
  if (found == nullptr) return page;
  const auto fill = [&](auto it, auto end) {
    for (; it != end && page.exchanges.size() < static_cast<size_t>(page_size); ++it)
      page.exchanges.push_back(it->second);
    if (it != end) page.next_page_token = tokens_.ForExchanges(user, order, page.exchanges.back().sequence);
  };
  if (order == ListOrder::kOldestFirst) {
    fill(found->exchanges.upper_bound(after), found->exchanges.end());
  } else {
    fill(std::make_reverse_iterator(found->exchanges.lower_bound(after)), found->exchanges.rend());
  }
  return page;
}

absl::StatusOr<Exchange> MemoryStore::Get(const UserKey& user, int64_t sequence) {
  const std::shared_lock lock(mutex_);
  const User* found = Find(user);
  if (found == nullptr) return NoSuchExchange(sequence);
  const auto exchange = found->exchanges.find(sequence);
  if (exchange == found->exchanges.end()) return NoSuchExchange(sequence);
  return exchange->second;
}

absl::StatusOr<UserSummary> MemoryStore::Summary(const UserKey& user) {
  const std::shared_lock lock(mutex_);
  const User* found = Find(user);
  return (found == nullptr ? UserState() : found->state).Summary(user.user_id);
}

absl::StatusOr<DeleteResult> MemoryStore::Delete(const UserKey& user, int64_t sequence, std::string_view request_id) {
  const std::unique_lock lock(mutex_);
  const auto found = users_.find(user);
  if (found == users_.end()) return NoSuchExchange(sequence);
  if (request_id.empty()) return DeleteNew(found->second, sequence);
  std::string digest = DeleteDigest(sequence);
  if (const AnsweredRequest* answered = FindRequest(found->second, RequestKind::kDelete, request_id)) {
    if (answered->digest != digest) return RequestIdReused();
    return DeleteResult{answered->revision, /*duplicate=*/true};
  }
  STORE_ASSIGN_OR_RETURN(DeleteResult result, DeleteNew(found->second, sequence));
  found->second.requests[{RequestKind::kDelete, std::string(request_id)}] = {std::move(digest), sequence,
                                                                             result.revision, options_.now()};
  return result;
}

absl::StatusOr<DeleteResult> MemoryStore::DeleteNew(User& user, int64_t sequence) {
  if (user.exchanges.erase(sequence) == 0) return NoSuchExchange(sequence);
  --user.state.exchange_count;
  ++user.state.revision;
  const auto by_time = [](const auto& a, const auto& b) { return a.second.time < b.second.time; };
  const auto [first, last] = std::minmax_element(user.exchanges.begin(), user.exchanges.end(), by_time);
  if (first != user.exchanges.end()) {
    user.state.first_time = StoredTime(first->second.time);
    user.state.last_time = StoredTime(last->second.time);
  }
  return DeleteResult{user.state.revision};
}

absl::StatusOr<ErasureReceipt> MemoryStore::Forget(const UserKey& user, std::string_view request_id) {
  const std::unique_lock lock(mutex_);
  if (request_id.empty()) return ForgetNow(user);
  const std::string digest = ReceiptDigest(user, request_id);
  if (const auto given = receipts_.find(digest); given != receipts_.end()) {
    ErasureReceipt receipt = given->second;
    receipt.duplicate = true;
    return receipt;
  }
  return receipts_[digest] = ForgetNow(user);
}

ErasureReceipt MemoryStore::ForgetNow(const UserKey& key) {
  ErasureReceipt receipt{.time = absl::FromUnixMicros(StoredTime(options_.now()))};
  const auto found = users_.find(key);
  if (found == users_.end()) return receipt;
  receipt.exchanges_erased = found->second.exchanges.size();
  receipt.request_ids_erased = found->second.requests.size();
  receipt.last_revision = found->second.state.revision;
  users_.erase(found);
  return receipt;
}

absl::StatusOr<UserPage> MemoryStore::ListUsers(std::string_view tenant, int page_size, std::string_view page_token) {
  STORE_RETURN_IF_ERROR(CheckPageSize(page_size));
  STORE_ASSIGN_OR_RETURN(std::string after, tokens_.ParseUsers(tenant, page_token));
  const std::shared_lock lock(mutex_);
  UserPage page;
  auto it = users_.upper_bound({std::string(tenant), std::move(after)});
  const auto more = [&] { return it != users_.end() && it->first.tenant == tenant; };
  for (; more() && page.users.size() < static_cast<size_t>(page_size); ++it) {
    page.users.push_back(it->second.state.Summary(it->first.user_id));
  }
  if (more()) page.next_page_token = tokens_.ForUsers(tenant, page.users.back().user_id);
  return page;
}

absl::StatusOr<std::vector<std::string>> MemoryStore::ListTenants() {
  const std::shared_lock lock(mutex_);
  std::vector<std::string> tenants;
  for (const auto& [key, user] : users_) {
    if (tenants.empty() || tenants.back() != key.tenant) tenants.push_back(key.tenant);
  }
  return tenants;
}

absl::Status MemoryStore::Adopt(const UserKey& key, int64_t revision, absl::Span<const Exchange> exchanges) {
  STORE_RETURN_IF_ERROR(CheckAdoption(revision, exchanges));
  const std::unique_lock lock(mutex_);
  const auto [entry, added] = users_.try_emplace(key);
  if (!added) return UserExists();
  User& user = entry->second;
  user.state = UserState::Adopted(++last_epoch_, revision, exchanges);
  for (const Exchange& exchange : exchanges) {
    user.exchanges.emplace(exchange.sequence, StoredExchange(exchange, exchange.sequence, options_.now()));
  }
  return absl::OkStatus();
}

const MemoryStore::User* MemoryStore::Find(const UserKey& key) const {
  const auto found = users_.find(key);
  return found == users_.end() ? nullptr : &found->second;
}

const MemoryStore::AnsweredRequest* MemoryStore::FindRequest(const User& user, RequestKind kind,
                                                             std::string_view request_id) const {
  const auto found = user.requests.find({kind, std::string(request_id)});
  if (found == user.requests.end()) return nullptr;
  return found->second.created < options_.now() - options_.request_id_lifetime ? nullptr : &found->second;
}

void MemoryStore::PruneIfDue() {
  // Rarely: it looks at every user.
  const absl::Time now = options_.now();
  if (now - last_prune_ < options_.request_id_lifetime) return;
  last_prune_ = now;
  for (auto& [key, user] : users_) {
    std::erase_if(user.requests,
                  [&](const auto& request) { return request.second.created < now - options_.request_id_lifetime; });
  }
}

}  // namespace idiolect
