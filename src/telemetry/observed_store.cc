#include "telemetry/observed_store.h"

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/time/clock.h"
#include "telemetry/call_trace.h"

namespace idiolect {
namespace {

const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

// The other codes are answers: there is no such exchange, the request id was used before.
bool IsFault(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
      return true;
    default:
      return false;
  }
}

class ObservedStore final : public HistoryStore {
 public:
  ObservedStore(std::unique_ptr<HistoryStore> store, Metrics& metrics) : store_(std::move(store)), metrics_(metrics) {}

  absl::StatusOr<AppendResult> Append(const UserKey& user, const Exchange& exchange,
                                      std::string_view request_id) override {
    return Observe("Append", [&] { return store_->Append(user, exchange, request_id); });
  }
  absl::StatusOr<std::vector<ImportOutcome>> Import(absl::Span<const ImportRecord> records) override {
    return Observe("Import", [&] { return store_->Import(records); });
  }
  absl::StatusOr<History> Recent(const UserKey& user, int count, int64_t min_revision) override {
    return Observe("Recent", [&] { return store_->Recent(user, count, min_revision); });
  }
  absl::StatusOr<ExchangePage> List(const UserKey& user, int page_size, std::string_view page_token,
                                    ListOrder order) override {
    return Observe("List", [&] { return store_->List(user, page_size, page_token, order); });
  }
  absl::StatusOr<Exchange> Get(const UserKey& user, int64_t sequence) override {
    return Observe("Get", [&] { return store_->Get(user, sequence); });
  }
  absl::StatusOr<UserSummary> Summary(const UserKey& user) override {
    return Observe("Summary", [&] { return store_->Summary(user); });
  }
  absl::StatusOr<DeleteResult> Delete(const UserKey& user, int64_t sequence, std::string_view request_id) override {
    return Observe("Delete", [&] { return store_->Delete(user, sequence, request_id); });
  }
  absl::StatusOr<ErasureReceipt> Forget(const UserKey& user, std::string_view request_id) override {
    return Observe("Forget", [&] { return store_->Forget(user, request_id); });
  }
  absl::StatusOr<UserPage> ListUsers(std::string_view tenant, int page_size, std::string_view page_token) override {
    return Observe("ListUsers", [&] { return store_->ListUsers(tenant, page_size, page_token); });
  }
  absl::StatusOr<std::vector<std::string>> ListTenants() override {
    return Observe("ListTenants", [&] { return store_->ListTenants(); });
  }
  absl::Status Adopt(const UserKey& user, int64_t revision, absl::Span<const Exchange> exchanges) override {
    return Observe("Adopt", [&] { return store_->Adopt(user, revision, exchanges); });
  }
  absl::Status Ping() override {
    return Observe("Ping", [&] { return store_->Ping(); });
  }

 private:
  template <typename Operation>
  std::invoke_result_t<Operation> Observe(std::string_view name, const Operation& operation) {
    const absl::Time start = absl::Now();
    auto result = operation();
    const absl::Time end = absl::Now();
    metrics_.OnStoreOperation(name, !IsFault(StatusOf(result)), end - start);
    if (CallTrace* trace = CallTrace::Current(); trace != nullptr) trace->Add("store " + std::string(name), start, end);
    return result;
  }

  const std::unique_ptr<HistoryStore> store_;
  Metrics& metrics_;
};

}  // namespace

std::unique_ptr<HistoryStore> ObserveStore(std::unique_ptr<HistoryStore> store, Metrics& metrics) {
  return std::make_unique<ObservedStore>(std::move(store), metrics);
}

}  // namespace idiolect
