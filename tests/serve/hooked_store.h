// A store in between: a test may fail a call, or do something at the moment when the store has answered.
#pragma once

#include <atomic>
#include <functional>
#include <string_view>
#include <vector>

#include "idiolect/history_store.h"

namespace idiolect::testing {

class HookedStore final : public HistoryStore {
 public:
  explicit HookedStore(HistoryStore& inner) : inner_(inner) {}

  std::atomic<bool> unreachable{false};  // every call fails with kUnavailable
  std::function<void()> after_recent;    // set it before the call; runs on the caller's thread
  std::atomic<int> imports{0};
  std::atomic<int64_t> listed{0};  // exchanges

  absl::StatusOr<AppendResult> Append(const UserKey& user, const Exchange& exchange,
                                      std::string_view request_id) override {
    if (unreachable) return Gone();
    return inner_.Append(user, exchange, request_id);
  }
  absl::StatusOr<std::vector<ImportOutcome>> Import(absl::Span<const ImportRecord> records) override {
    ++imports;
    if (unreachable) return Gone();
    return inner_.Import(records);
  }
  absl::StatusOr<History> Recent(const UserKey& user, int count, int64_t min_revision) override {
    if (unreachable) return Gone();
    absl::StatusOr<History> history = inner_.Recent(user, count, min_revision);
    if (after_recent) after_recent();
    return history;
  }
  absl::StatusOr<ExchangePage> List(const UserKey& user, int page_size, std::string_view page_token,
                                    ListOrder order) override {
    if (unreachable) return Gone();
    absl::StatusOr<ExchangePage> page = inner_.List(user, page_size, page_token, order);
    if (page.ok()) listed += static_cast<int64_t>(page->exchanges.size());
    return page;
  }
  absl::StatusOr<Exchange> Get(const UserKey& user, int64_t sequence) override {
    if (unreachable) return Gone();
    return inner_.Get(user, sequence);
  }
  absl::StatusOr<UserSummary> Summary(const UserKey& user) override {
    if (unreachable) return Gone();
    return inner_.Summary(user);
  }
  absl::StatusOr<DeleteResult> Delete(const UserKey& user, int64_t sequence, std::string_view request_id) override {
    if (unreachable) return Gone();
    return inner_.Delete(user, sequence, request_id);
  }
  absl::StatusOr<ErasureReceipt> Forget(const UserKey& user, std::string_view request_id) override {
    if (unreachable) return Gone();
    return inner_.Forget(user, request_id);
  }
  absl::StatusOr<UserPage> ListUsers(std::string_view tenant, int page_size, std::string_view page_token) override {
    if (unreachable) return Gone();
    return inner_.ListUsers(tenant, page_size, page_token);
  }
  absl::StatusOr<std::vector<std::string>> ListTenants() override {
    if (unreachable) return Gone();
    return inner_.ListTenants();
  }
  absl::Status Adopt(const UserKey& user, int64_t revision, absl::Span<const Exchange> exchanges) override {
    if (unreachable) return Gone();
    return inner_.Adopt(user, revision, exchanges);
  }
  absl::Status Ping() override { return unreachable ? Gone() : inner_.Ping(); }

 private:
  static absl::Status Gone() { return absl::UnavailableError("the store can't be reached"); }

  HistoryStore& inner_;
};

}  // namespace idiolect::testing
