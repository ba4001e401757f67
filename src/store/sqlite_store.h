// The embedded history store: one SQLite file, written by one thread, used by one process.
//
//   Append ─ GroupWriter ‖ savepoint: HistoryWrites ─ commit ─ LogKeeper
//   Recent ─ ReaderPool ─ one read transaction
//
// Beside PATH lie PATH-wal and PATH-shm (SQLite's), PATH.lock (ours), and PATH.keys where the texts are encrypted.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "idiolect/history_store.h"
#include "store/file_place.h"
#include "store/group_writer.h"
#include "store/key_ring.h"
#include "store/page_token.h"
#include "store/reader_pool.h"
#include "store/retention.h"
#include "store/sqlite_database.h"
#include "store/store_options.h"
#include "store/user_state.h"

namespace idiolect {

class SqliteStore final : public HistoryStore {
 public:
  // Opens the database at `path`, creates it when absent; see OpenHistoryStore for the errors. Reads the whole file
  // once to check it.
  static absl::StatusOr<std::unique_ptr<HistoryStore>> Open(const std::string& path, const StoreOptions& options = {});

  // No call may be under way.
  ~SqliteStore() override;

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
  SqliteStore(SqliteDatabase database, FilePlace place, std::unique_ptr<KeyRing> keys, PageTokens tokens,
              const StoreOptions& options);
  GroupWriter::Hooks MakeHooks();
  void TellOfDeletions();
  absl::Time OldestRequest(absl::Time now) const { return now - options_.request_id_lifetime; }
  // Runs `change`, which takes HistoryWrites&, in the writer's thread.
  template <typename Result, typename Change>
  absl::StatusOr<Result> Write(Change change, bool erases = false);
  absl::Status KeyIsGone() const;
  // Runs `read`, which takes (SqliteConnection&, const UserState&, const std::optional<UserCipher>&), for a user.
  template <typename Read>
  auto ReadUser(const UserKey& user, Read read);

  const StoreOptions options_;
  const PageTokens tokens_;
  // Destroyed from the last to the first. The writer's thread uses all before it.
  std::unique_ptr<FileLock> lock_;
  const std::unique_ptr<KeyRing> keys_;  // null where nothing is encrypted
  const FilePlace place_;
  SweepResult swept_;  // used by the writer's thread
  ReaderPool readers_;
  GroupWriter writer_;
};

}  // namespace idiolect
