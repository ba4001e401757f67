#include "store/sqlite_store.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "store/exchange_table.h"
#include "store/history_writes.h"
#include "store/request_table.h"
#include "store/retention.h"
#include "store/store_errors.h"
#include "store/user_table.h"

namespace idiolect {
absl::StatusOr<std::unique_ptr<HistoryStore>> SqliteStore::Open(const std::string& path, const StoreOptions& options) {
  STORE_ASSIGN_OR_RETURN(SqliteDatabase database, OpenSqliteDatabase(path, options));
  STORE_ASSIGN_OR_RETURN(FilePlace place, FilePlace::Of(database.connection->path()));
  STORE_ASSIGN_OR_RETURN(std::unique_ptr<KeyRing> keys, OpenKeyRing(*database.connection, options.vault));
  STORE_ASSIGN_OR_RETURN(std::string key,
                         database.connection->QueryValue("SELECT value FROM meta WHERE key = 'page_token_key'"));
  return std::unique_ptr<HistoryStore>(
      new SqliteStore(std::move(database), std::move(place), std::move(keys), PageTokens(std::move(key)), options));
}

SqliteStore::SqliteStore(SqliteDatabase database, FilePlace place, std::unique_ptr<KeyRing> keys, PageTokens tokens,
                         const StoreOptions& options)
    : options_(options),
      tokens_(std::move(tokens)),
      lock_(std::move(database.lock)),
      keys_(std::move(keys)),
      place_(std::move(place)),
      readers_(database.connection->path(), place_, options),
      writer_(std::move(database.connection), std::move(database.log_keeper), options, MakeHooks()) {}

// The readers' connections go first: the last one of all that closes copies the log, and that must be the writer's.
SqliteStore::~SqliteStore() { readers_.Renew(); }

GroupWriter::Hooks SqliteStore::MakeHooks() {
  GroupWriter::Hooks hooks;
  hooks.prune = [this](SqliteConnection& connection) -> absl::StatusOr<GroupWriter::Pruned> {
    STORE_ASSIGN_OR_RETURN(const bool more_requests,
                           PruneRequests(connection, StoredTime(OldestRequest(options_.now()))));
    STORE_ASSIGN_OR_RETURN(swept_, Sweep(connection, options_));
    return GroupWriter::Pruned{.erased = !swept_.users.empty(), .more = swept_.more || more_requests};
  };
  hooks.after_erasure = [this](SqliteConnection& connection) {
    TellOfDeletions();
    return keys_ == nullptr ? absl::OkStatus() : EraseNotedKeys(connection, keys_->file());
  };
  hooks.after_scrub = [this] { readers_.Renew(); };
  hooks.before_commit = [this] {
    STORE_RETURN_IF_ERROR(place_.Check());
    return keys_ == nullptr ? absl::OkStatus() : keys_->file().Sync();
  };
  if (keys_ == nullptr) return hooks;
  hooks.after_rollback = [this] { keys_->file().Forgo(); };
  return hooks;
}

void SqliteStore::TellOfDeletions() {
  for (const UserKey& user : std::exchange(swept_.users, {})) {
    if (options_.on_deletion) options_.on_deletion(user);
  }
}

template <typename Result, typename Change>
absl::StatusOr<Result> SqliteStore::Write(Change change, bool erases) {
  absl::StatusOr<Result> result;
  const auto operation = [&](SqliteConnection& connection) {
    const absl::Time now = options_.now();
    HistoryWrites writes(connection, keys_.get(), now, OldestRequest(now));
    result = change(writes);
    return result.status();
  };
  const absl::Status status = erases ? writer_.Erase(operation) : writer_.Write(operation);
  if (absl::IsAborted(status)) return KeyIsGone();
  if (!status.ok()) return status;
  return result;
}

absl::Status SqliteStore::KeyIsGone() const {
  return absl::DataLossError(
      absl::StrCat("the key of this user was erased after the database ", writer_.path(),
                   " was copied: erase the user, or let `idiolect store restore` put the copy in place"));
}

template <typename Read>
auto SqliteStore::ReadUser(const UserKey& user, Read read) {
  const auto once = [&] {
    return readers_.Run(
        [&](SqliteConnection& connection) -> decltype(read(connection, UserState(), std::optional<UserCipher>())) {
          STORE_ASSIGN_OR_RETURN(const std::optional<UserState> known, LoadUser(connection, user));
          const UserState state = known.value_or(UserState());
          STORE_ASSIGN_OR_RETURN(const std::optional<UserCipher> cipher, FindCipher(keys_.get(), user, state.key_ref));
          return read(connection, state, cipher);
        });
  };
  auto result = once();
  // The key went between the reading of the user and of the key: now the user is gone as well.
  if (absl::IsAborted(result.status())) result = once();
  if (absl::IsAborted(result.status())) result = KeyIsGone();
  return result;
}

absl::StatusOr<AppendResult> SqliteStore::Append(const UserKey& user, const Exchange& exchange,
                                                 std::string_view request_id) {
  return Write<AppendResult>([&](HistoryWrites& writes) { return writes.Append(user, exchange, request_id); });
}

absl::StatusOr<std::vector<ImportOutcome>> SqliteStore::Import(absl::Span<const ImportRecord> records) {
  return Write<std::vector<ImportOutcome>>([&](HistoryWrites& writes) { return writes.Import(records); });
}

absl::StatusOr<DeleteResult> SqliteStore::Delete(const UserKey& user, int64_t sequence, std::string_view request_id) {
  return Write<DeleteResult>([&](HistoryWrites& writes) { return writes.Delete(user, sequence, request_id); },
                             /*erases=*/true);
}

absl::StatusOr<ErasureReceipt> SqliteStore::Forget(const UserKey& user, std::string_view request_id) {
  return Write<ErasureReceipt>([&](HistoryWrites& writes) { return writes.Forget(user, request_id); }, /*erases=*/true);
}

absl::StatusOr<History> SqliteStore::Recent(const UserKey& user, int count, int64_t min_revision) {
  return ReadUser(user,
                  [&](SqliteConnection& connection, const UserState& state,
                      const std::optional<UserCipher>& cipher) -> absl::StatusOr<History> {
                    if (state.revision < min_revision) return RevisionNotReached(state.revision, min_revision);
                    History history{.epoch = state.epoch, .revision = state.revision, .exchanges = {}};
                    STORE_ASSIGN_OR_RETURN(history.exchanges,
                                           LoadExchangesAfter(connection, user, cipher, ListOrder::kNewestFirst,
                                                              state.last_sequence + 1, std::max(count, 0)));
                    std::reverse(history.exchanges.begin(), history.exchanges.end());
                    return history;
                  });
}

absl::StatusOr<ExchangePage> SqliteStore::List(const UserKey& user, int page_size, std::string_view page_token,
                                               ListOrder order) {
  STORE_RETURN_IF_ERROR(CheckPageSize(page_size));
  STORE_ASSIGN_OR_RETURN(const int64_t after, tokens_.ParseExchanges(user, order, page_token));
  return ReadUser(user,
                  [&](SqliteConnection& connection, const UserState&,
                      const std::optional<UserCipher>& cipher) -> absl::StatusOr<ExchangePage> {
                    ExchangePage page;
                    // One more than the page holds tells whether there is a next page.
                    STORE_ASSIGN_OR_RETURN(page.exchanges, LoadExchangesAfter(connection, user, cipher, order, after,
                                                                              int64_t{page_size} + 1));
                    if (page.exchanges.size() > static_cast<size_t>(page_size)) {
                      page.exchanges.pop_back();
                      page.next_page_token = tokens_.ForExchanges(user, order, page.exchanges.back().sequence);
                    }
                    return page;
                  });
}

absl::StatusOr<Exchange> SqliteStore::Get(const UserKey& user, int64_t sequence) {
  return ReadUser(user,
                  [&](SqliteConnection& connection, const UserState&,
                      const std::optional<UserCipher>& cipher) -> absl::StatusOr<Exchange> {
                    STORE_ASSIGN_OR_RETURN(std::optional<Exchange> exchange,
                                           LoadExchange(connection, user, cipher, sequence));
                    if (!exchange.has_value()) return NoSuchExchange(sequence);
                    return *std::move(exchange);
                  });
}

absl::StatusOr<UserSummary> SqliteStore::Summary(const UserKey& user) {
  return readers_.Run([&](SqliteConnection& connection) -> absl::StatusOr<UserSummary> {
    STORE_ASSIGN_OR_RETURN(std::optional<UserState> state, LoadUser(connection, user));
    return state.value_or(UserState()).Summary(user.user_id);
  });
}

absl::StatusOr<UserPage> SqliteStore::ListUsers(std::string_view tenant, int page_size, std::string_view page_token) {
  STORE_RETURN_IF_ERROR(CheckPageSize(page_size));
  STORE_ASSIGN_OR_RETURN(const std::string after, tokens_.ParseUsers(tenant, page_token));
  return readers_.Run([&](SqliteConnection& connection) -> absl::StatusOr<UserPage> {
    UserPage page;
    STORE_ASSIGN_OR_RETURN(page.users, LoadUsersAfter(connection, tenant, after, int64_t{page_size} + 1));
    if (page.users.size() > static_cast<size_t>(page_size)) {
      page.users.pop_back();
      page.next_page_token = tokens_.ForUsers(tenant, page.users.back().user_id);
    }
    return page;
  });
}

absl::StatusOr<std::vector<std::string>> SqliteStore::ListTenants() {
  return readers_.Run([&](SqliteConnection& connection) { return LoadTenants(connection); });
}

absl::Status SqliteStore::Adopt(const UserKey& user, int64_t revision, absl::Span<const Exchange> exchanges) {
  STORE_RETURN_IF_ERROR(CheckAdoption(revision, exchanges));
  return Write<bool>([&](HistoryWrites& writes) -> absl::StatusOr<bool> {
           STORE_RETURN_IF_ERROR(writes.Adopt(user, revision, exchanges));
           return true;
         })
      .status();
}

absl::Status SqliteStore::Ping() {
  STORE_RETURN_IF_ERROR(place_.Check());
  return readers_
      .Run([](SqliteConnection& connection) {
        return connection.QueryInteger("SELECT value FROM meta WHERE key = 'last_epoch'");
      })
      .status();
}

}  // namespace idiolect
