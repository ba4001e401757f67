// A history store in memory, lost with the process: for tests and trials. Keeps the whole contract but durability.
#pragma once

#include <map>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "idiolect/history_store.h"
#include "store/page_token.h"
#include "store/store_options.h"
#include "store/user_state.h"

namespace idiolect {

class MemoryStore final : public HistoryStore {
 public:
  explicit MemoryStore(const StoreOptions& options = {});

  absl::StatusOr<AppendResult> Append(const UserKey& user, const Exchange& exchange,
                                      std::string_view request_id) override;
  absl::StatusOr<std::vector<ImportOutcome>> Import(absl::Span<const ImportRecord> records) override;
  absl::StatusOr<History> Recent(const UserKey& user, int count, int64_t min_revision) override;
  absl::StatusOr<ExchangePage> List(const UserKey& user, int page_size, std::string_view page_token,
                                    ListOrder order) override;
  absl::StatusOr<Exchange> Get(const UserKey& user, int64_t sequence) override;
  absl::StatusOr<UserSummary> Summary(const UserKey& user) override;
  absl::StatusOr<DeleteResult> Delete(const UserKey& user, int64_t sequence, std::string_view request_id) override;
  absl::StatusOr<ErasureReceipt> Forget(const UserKey& user, std::string_view request_id) override;
  absl::StatusOr<UserPage> ListUsers(std::string_view tenant, int page_size, std::string_view page_token) override;
  absl::StatusOr<std::vector<std::string>> ListTenants() override;
  absl::Status Adopt(const UserKey& user, int64_t revision, absl::Span<const Exchange> exchanges) override;
  absl::Status Ping() override { return absl::OkStatus(); }

 private:
  enum class RequestKind { kAppend, kDelete };
  // The answer given to a request, and what the request was.
  struct AnsweredRequest {
    std::string digest;
    int64_t sequence;
    int64_t revision;
    absl::Time created;
  };
  struct User {
    UserState state;
    std::map<int64_t, Exchange> exchanges;
    std::map<std::pair<RequestKind, std::string>, AnsweredRequest> requests;
  };

  // The caller of these holds mutex_.
  absl::StatusOr<AppendResult> AppendLocked(const UserKey& key, const Exchange& exchange, std::string_view request_id);
  AppendResult AppendNew(User& user, const Exchange& exchange, absl::Time now);
  static absl::StatusOr<DeleteResult> DeleteNew(User& user, int64_t sequence);
  ErasureReceipt ForgetNow(const UserKey& key);
  // Null where there is none.
  const User* Find(const UserKey& key) const;
  const AnsweredRequest* FindRequest(const User& user, RequestKind kind, std::string_view request_id) const;
  void PruneIfDue();

  const StoreOptions options_;
  const PageTokens tokens_;
  std::shared_mutex mutex_;  // guards all below
  std::map<UserKey, User> users_;
  absl::flat_hash_map<std::string, ErasureReceipt> receipts_;
  int64_t last_epoch_ = 0;
  absl::Time last_prune_;
};

}  // namespace idiolect
