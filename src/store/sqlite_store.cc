#include "store/sqlite_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "store/exchange_table.h"
#include "store/history_writes.h"
#include "store/request_table.h"
#include "store/schema.h"
#include "store/store_errors.h"
#include "store/user_table.h"

namespace idiolect {
namespace {

namespace fs = std::filesystem;

absl::Status CheckFolder(const fs::path& path) {
  std::error_code error;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, error)) {
    return absl::NotFoundError(
        absl::StrCat("the history database's folder ", folder.string(), " does not exist: create it first"));
  }
  if (fs::is_directory(path, error)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the history database ", path.string(), " is a folder: name a file in it"));
  }
  return absl::OkStatus();
}

// Creates the file when absent, for its owner only: it holds what people said. SQLite gives its other files the same
// permissions. Returns the path without links, so that one database has one lock.
absl::StatusOr<std::string> PrepareFile(const std::string& path) {
  if (path.empty()) return absl::InvalidArgumentError("the history database needs a file name: sqlite:PATH");
  STORE_RETURN_IF_ERROR(CheckFolder(path));
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return absl::ErrnoToStatus(errno, absl::StrCat("can't open the history database ", path));
  close(descriptor);
  std::error_code error;
  const fs::path canonical = fs::canonical(path, error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("can't resolve ", path));
  return canonical.string();
}

absl::Status ConfigureWriter(SqliteConnection& connection) {
  STORE_ASSIGN_OR_RETURN(std::string mode, connection.QueryValue("PRAGMA journal_mode = WAL"));
  if (mode != "wal") {
    return absl::FailedPreconditionError(absl::StrCat(
        "the file system of ", connection.path(), " can't share memory between processes, which the database needs"));
  }
  // temp_store: no text in temporary files.
  return connection.RunScript("PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY");
}

}  // namespace

absl::StatusOr<std::unique_ptr<HistoryStore>> SqliteStore::Open(const std::string& path, const StoreOptions& options) {
  STORE_ASSIGN_OR_RETURN(const std::string file, PrepareFile(path));
  STORE_ASSIGN_OR_RETURN(std::unique_ptr<FileLock> lock, FileLock::Take(file));
  STORE_ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> connection,
                         SqliteConnection::Open(file, options.busy_timeout));
  STORE_RETURN_IF_ERROR(CheckDatabase(*connection));
  STORE_RETURN_IF_ERROR(ConfigureWriter(*connection));
  STORE_RETURN_IF_ERROR(Migrate(*connection));
  STORE_ASSIGN_OR_RETURN(std::unique_ptr<LogKeeper> log_keeper, LogKeeper::Create(*connection, options));
  STORE_RETURN_IF_ERROR(log_keeper->CleanUp());
  STORE_ASSIGN_OR_RETURN(std::string key,
                         connection->QueryValue("SELECT value FROM meta WHERE key = 'page_token_key'"));
  return std::unique_ptr<HistoryStore>(new SqliteStore(std::move(lock), std::move(connection), std::move(log_keeper),
                                                       PageTokens(std::move(key)), options));
}

SqliteStore::SqliteStore(std::unique_ptr<FileLock> lock, std::unique_ptr<SqliteConnection> connection,
                         std::unique_ptr<LogKeeper> log_keeper, PageTokens tokens, const StoreOptions& options)
    : options_(options),
      tokens_(std::move(tokens)),
      lock_(std::move(lock)),
      writer_(std::move(connection), std::move(log_keeper), options,
              [this](SqliteConnection& db) { return PruneRequests(db, StoredTime(OldestRequest(options_.now()))); }),
      readers_(writer_.path(), options) {}

template <typename Result, typename Change>
absl::StatusOr<Result> SqliteStore::Write(Change change, bool erases) {
  absl::StatusOr<Result> result;
  const auto operation = [&](SqliteConnection& connection) {
    const absl::Time now = options_.now();
    HistoryWrites writes(connection, now, OldestRequest(now));
    result = change(writes);
    return result.status();
  };
  const absl::Status status = erases ? writer_.Erase(operation) : writer_.Write(operation);
  if (!status.ok()) return status;
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
  return readers_.Run([&](SqliteConnection& connection) -> absl::StatusOr<History> {
    STORE_ASSIGN_OR_RETURN(std::optional<UserState> known, LoadUser(connection, user));
    const UserState state = known.value_or(UserState());
    if (state.revision < min_revision) return RevisionNotReached(state.revision, min_revision);
    History history{.epoch = state.epoch, .revision = state.revision, .exchanges = {}};
    STORE_ASSIGN_OR_RETURN(history.exchanges, LoadExchangesAfter(connection, user, ListOrder::kNewestFirst,
                                                                 state.last_sequence + 1, std::max(count, 0)));
    std::reverse(history.exchanges.begin(), history.exchanges.end());
    return history;
  });
}

absl::StatusOr<ExchangePage> SqliteStore::List(const UserKey& user, int page_size, std::string_view page_token,
                                               ListOrder order) {
  STORE_RETURN_IF_ERROR(CheckPageSize(page_size));
  STORE_ASSIGN_OR_RETURN(const int64_t after, tokens_.ParseExchanges(user, order, page_token));
  return readers_.Run([&](SqliteConnection& connection) -> absl::StatusOr<ExchangePage> {
    ExchangePage page;
    // One more than the page holds tells whether there is a next page.
    STORE_ASSIGN_OR_RETURN(page.exchanges, LoadExchangesAfter(connection, user, order, after, int64_t{page_size} + 1));
    if (page.exchanges.size() > static_cast<size_t>(page_size)) {
      page.exchanges.pop_back();
      page.next_page_token = tokens_.ForExchanges(user, order, page.exchanges.back().sequence);
    }
    return page;
  });
}

absl::StatusOr<Exchange> SqliteStore::Get(const UserKey& user, int64_t sequence) {
  return readers_.Run([&](SqliteConnection& connection) -> absl::StatusOr<Exchange> {
    STORE_ASSIGN_OR_RETURN(std::optional<Exchange> exchange, LoadExchange(connection, user, sequence));
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

absl::Status SqliteStore::Ping() {
  return readers_
      .Run([](SqliteConnection& connection) {
        return connection.QueryInteger("SELECT value FROM meta WHERE key = 'last_epoch'");
      })
      .status();
}

}  // namespace idiolect
