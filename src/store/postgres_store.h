// The history store for several servers and more than one machine: a PostgreSQL database, whose primary is written to
// and read from by any number of processes.
//
//   Append ─ PostgresWriter ‖ PostgresAppends ─ commit, which waits for the synchronous standby
//   Recent ─ PostgresPool ─ one reading transaction
//   PostgresKeeper ‖ retention, and the news of what other servers have deleted
//
// What a user has is locked by the user's row, so the revisions are dense and monotone whoever appends. A call whose
// connection breaks is run again on another: by its request id, or by a random one where it has none, it happens once.
// While there is no primary to be reached, calls answer kUnavailable; they work again when there is one.
//
// Unlike the embedded store this one can't overwrite what is deleted: PostgreSQL keeps the old versions of rows until
// it uses their place again, and its log until that is recycled. Encryption (StoreOptions::vault) makes up for it.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "idiolect/history_store.h"
#include "store/page_token.h"
#include "store/postgres_keeper.h"
#include "store/postgres_keys.h"
#include "store/postgres_pool.h"
#include "store/postgres_writer.h"
#include "store/store_options.h"
#include "store/user_state.h"

namespace idiolect {

class PostgresStore final : public HistoryStore {
 public:
  // Makes the tables where there are none. kInvalidArgument where the URL is none, kUnavailable where no primary can be
  // reached, and the errors of MigratePostgres and PostgresKeys::Open.
  static absl::StatusOr<std::unique_ptr<HistoryStore>> Open(std::string_view url, const StoreOptions& options = {});

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
  absl::Status Ping() override;

 private:
  PostgresStore(const PostgresUrl& url, PostgresKeys keys, PageTokens tokens, const StoreOptions& options);
  PostgresWriteContext MakeContext() const;
  // After an erasure: the buffers of connections hold texts.
  void RenewConnections();
  // The state of a user, and the exchanges that `send` asks for, as they stand at one moment.
  struct UserRead {
    UserState state;
    std::vector<Exchange> exchanges;
  };
  template <typename Send>
  absl::StatusOr<UserRead> ReadUserAnd(const UserKey& user, Send send);

  const StoreOptions options_;
  const PageTokens tokens_;
  const PostgresKeys keys_;
  PostgresPool readers_, writers_;
  PostgresWriter writer_;
  PostgresKeeper keeper_;
};

}  // namespace idiolect
