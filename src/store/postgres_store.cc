#include "store/postgres_store.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "store/postgres_rows.h"
#include "store/postgres_schema.h"
#include "store/postgres_writes.h"
#include "store/status_macros.h"
#include "store/store_errors.h"
#include "store/wipe.h"

namespace idiolect {
namespace {

constexpr PostgresStatement kPing{"ping", "SELECT 1 FROM idiolect.meta WHERE key = 'schema_version'"};

}  // namespace

absl::StatusOr<std::unique_ptr<HistoryStore>> PostgresStore::Open(std::string_view url, const StoreOptions& options) {
  STORE_ASSIGN_OR_RETURN(const PostgresUrl parsed, PostgresUrl::Parse(url));
  STORE_ASSIGN_OR_RETURN(const std::unique_ptr<PostgresConnection> connection,
                         PostgresConnection::Open(parsed, options.database_timeout));
  STORE_RETURN_IF_ERROR(AsUnavailable(MigratePostgres(*connection)));
  absl::StatusOr<PostgresKeys> keys = PostgresKeys::Open(*connection, options.vault);
  if (!keys.ok()) return AsUnavailable(keys.status());
  absl::StatusOr<std::string> token_key = ReadPostgresMeta(*connection, "page_token_key");
  if (!token_key.ok()) return AsUnavailable(token_key.status());
  return std::unique_ptr<HistoryStore>(
      new PostgresStore(parsed, *std::move(keys), PageTokens(*std::move(token_key)), options));
}

PostgresStore::PostgresStore(const PostgresUrl& url, PostgresKeys keys, PageTokens tokens, const StoreOptions& options)
    : options_(options),
      tokens_(std::move(tokens)),
      keys_(std::move(keys)),
      readers_(url, options.database_timeout, options.max_readers),
      writers_(url, options.database_timeout, 2 * options.max_writers),
      writer_(
          writers_, [this] { return MakeContext(); }, options.max_writers, options.max_group_size),
      keeper_(writers_, options_, [this] { RenewConnections(); }) {}

void PostgresStore::RenewConnections() {
  readers_.Renew();
  writers_.Renew();
  WipeUnusedStack();
}

PostgresWriteContext PostgresStore::MakeContext() const {
  const absl::Time now = options_.now();
  return {keys_, now, now - options_.request_id_lifetime};
}

absl::StatusOr<AppendResult> PostgresStore::Append(const UserKey& user, const Exchange& exchange,
                                                   std::string_view request_id) {
  return writer_.Append(user, exchange, request_id);
}

absl::StatusOr<std::vector<ImportOutcome>> PostgresStore::Import(absl::Span<const ImportRecord> records) {
  std::vector<PostgresAppend> appends;
  appends.reserve(records.size());
  for (const ImportRecord& record : records) {
    appends.push_back({.user = record.user, .exchange = record.exchange, .call = CallId(record.request_id)});
  }
  return writers_.Run([&](PostgresConnection& connection) {
    const PostgresWriteContext context = MakeContext();
    return PostgresWrites(connection, context).Import(absl::MakeSpan(appends));
  });
}

absl::StatusOr<DeleteResult> PostgresStore::Delete(const UserKey& user, int64_t sequence, std::string_view request_id) {
  return writers_.Run([&, call = CallId(request_id)](PostgresConnection& connection) {
    const PostgresWriteContext context = MakeContext();
    return PostgresWrites(connection, context).Delete(user, sequence, call);
  });
}

absl::StatusOr<ErasureReceipt> PostgresStore::Forget(const UserKey& user, std::string_view request_id) {
  const auto forget = [&](PostgresConnection& connection) {
    const PostgresWriteContext context = MakeContext();
    return PostgresWrites(connection, context).Forget(user, request_id);
  };
  absl::StatusOr<ErasureReceipt> receipt =
      writers_.Run(forget, request_id.empty() ? Repeatable::kNo : Repeatable::kYes);
  RenewConnections();
  return receipt;
}

absl::Status PostgresStore::Adopt(const UserKey& user, int64_t revision, absl::Span<const Exchange> exchanges) {
  STORE_RETURN_IF_ERROR(CheckAdoption(revision, exchanges));
  const auto adopt = [&](PostgresConnection& connection) {
    const PostgresWriteContext context = MakeContext();
    return PostgresWrites(connection, context).Adopt(user, revision, exchanges);
  };
  return writers_.Run(adopt, Repeatable::kNo);
}

template <typename Send>
absl::StatusOr<PostgresStore::UserRead> PostgresStore::ReadUserAnd(const UserKey& user, Send send) {
  return readers_.Run([&](PostgresConnection& connection) -> absl::StatusOr<UserRead> {
    connection.BeginRead();
    SendLoadUser(connection, user);
    keys_.SendLoad(connection, user);
    send(connection);
    STORE_ASSIGN_OR_RETURN(const std::vector<PostgresResult> results, connection.RunRead());
    UserRead read{ReadUser(results[1]).value_or(UserState()), {}};
    std::optional<UserCipher> cipher;
    if (keys_.encrypts()) {
      STORE_ASSIGN_OR_RETURN(cipher, keys_.CipherOf(user, read.state.key_ref, results[2]));
    }
    STORE_ASSIGN_OR_RETURN(read.exchanges, ReadExchanges(results[results.size() - 2], cipher));
    return read;
  });
}

absl::StatusOr<History> PostgresStore::Recent(const UserKey& user, int count, int64_t min_revision) {
  STORE_ASSIGN_OR_RETURN(UserRead read, ReadUserAnd(user, [&](PostgresConnection& connection) {
                           SendLoadExchangesAfter(connection, user, ListOrder::kNewestFirst,
                                                  std::numeric_limits<int64_t>::max(), std::max(count, 0));
                         }));
  if (read.state.revision < min_revision) return RevisionNotReached(read.state.revision, min_revision);
  std::reverse(read.exchanges.begin(), read.exchanges.end());
  return History{.epoch = read.state.epoch, .revision = read.state.revision, .exchanges = std::move(read.exchanges)};
}

absl::StatusOr<ExchangePage> PostgresStore::List(const UserKey& user, int page_size, std::string_view page_token,
                                                 ListOrder order) {
  STORE_RETURN_IF_ERROR(CheckPageSize(page_size));
  STORE_ASSIGN_OR_RETURN(const int64_t after, tokens_.ParseExchanges(user, order, page_token));
  // One more than the page holds tells whether there is a next page.
  STORE_ASSIGN_OR_RETURN(UserRead read, ReadUserAnd(user, [&](PostgresConnection& connection) {
                           SendLoadExchangesAfter(connection, user, order, after, int64_t{page_size} + 1);
                         }));
  ExchangePage page{std::move(read.exchanges), ""};
  if (page.exchanges.size() > static_cast<size_t>(page_size)) {
    page.exchanges.pop_back();
    page.next_page_token = tokens_.ForExchanges(user, order, page.exchanges.back().sequence);
  }
  return page;
}

absl::StatusOr<Exchange> PostgresStore::Get(const UserKey& user, int64_t sequence) {
  STORE_ASSIGN_OR_RETURN(UserRead read, ReadUserAnd(user, [&](PostgresConnection& connection) {
                           SendLoadExchange(connection, user, sequence);
                         }));
  if (read.exchanges.empty()) return NoSuchExchange(sequence);
  return std::move(read.exchanges.front());
}

absl::StatusOr<UserSummary> PostgresStore::Summary(const UserKey& user) {
  return readers_.Run([&](PostgresConnection& connection) -> absl::StatusOr<UserSummary> {
    SendLoadUser(connection, user);
    STORE_ASSIGN_OR_RETURN(const std::vector<PostgresResult> results, connection.Run());
    return ReadUser(results.front()).value_or(UserState()).Summary(user.user_id);
  });
}

absl::StatusOr<UserPage> PostgresStore::ListUsers(std::string_view tenant, int page_size, std::string_view page_token) {
  STORE_RETURN_IF_ERROR(CheckPageSize(page_size));
  STORE_ASSIGN_OR_RETURN(const std::string after, tokens_.ParseUsers(tenant, page_token));
  return readers_.Run([&](PostgresConnection& connection) -> absl::StatusOr<UserPage> {
    SendLoadUsersAfter(connection, tenant, after, int64_t{page_size} + 1);
    STORE_ASSIGN_OR_RETURN(const std::vector<PostgresResult> results, connection.Run());
    UserPage page{ReadUsers(results.front()), ""};
    if (page.users.size() > static_cast<size_t>(page_size)) {
      page.users.pop_back();
      page.next_page_token = tokens_.ForUsers(tenant, page.users.back().user_id);
    }
    return page;
  });
}

absl::StatusOr<std::vector<std::string>> PostgresStore::ListTenants() {
  return readers_.Run([](PostgresConnection& connection) { return LoadTenants(connection); });
}

absl::Status PostgresStore::Ping() {
  return readers_.Run([](PostgresConnection& connection) { return connection.RunOne(kPing).status(); });
}

}  // namespace idiolect
