#include "store/postgres_maintenance.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "store/postgres_connection.h"
#include "store/postgres_error.h"
#include "store/postgres_keys.h"
#include "store/postgres_rows.h"
#include "store/postgres_schema.h"
#include "store/status_macros.h"

namespace idiolect {
namespace {

constexpr int64_t kAtOnce = 1000;
// A statement here may read everything.
constexpr absl::Duration kPatience = absl::Hours(24);
constexpr int kAttempts = 20;
constexpr absl::Duration kPause = absl::Milliseconds(100);

// What can't be where every call was kept whole: a query that counts cases, and what they are.
struct Rule {
  PostgresStatement query;
  const char* violation;
};
constexpr Rule kRules[] = {
    {{"check_counts",
      "SELECT count(*) FROM idiolect.users u WHERE exchange_count <> (SELECT count(*) FROM idiolect.exchanges e "
      "WHERE e.tenant = u.tenant AND e.user_id = u.user_id)"},
     "users have another number of exchanges than is noted"},
    {{"check_revisions", "SELECT count(*) FROM idiolect.users WHERE 2 * last_sequence - exchange_count <> revision"},
     "users have a revision that their appends and deletions don't add up to"},
    {{"check_sequences",
      "SELECT count(*) FROM idiolect.users u WHERE last_sequence < (SELECT max(sequence) FROM idiolect.exchanges e "
      "WHERE e.tenant = u.tenant AND e.user_id = u.user_id)"},
     "users have an exchange beyond the last sequence"},
    {{"check_owners",
      "SELECT count(*) FROM idiolect.exchanges e WHERE NOT EXISTS (SELECT 1 FROM idiolect.users u "
      "WHERE u.tenant = e.tenant AND u.user_id = e.user_id)"},
     "exchanges belong to no user"},
    {{"check_seals",
      "SELECT count(*) FROM idiolect.exchanges e JOIN idiolect.users u ON u.tenant = e.tenant AND "
      "u.user_id = e.user_id WHERE (length(e.sealed) > 0) <> (length(u.key_id) > 0)"},
     "exchanges are encrypted where their user is not, or the reverse"},
};
constexpr PostgresStatement kCount{
    "count_all",
    "SELECT (SELECT count(*) FROM idiolect.users), (SELECT count(*) FROM idiolect.exchanges), "
    "(SELECT count(*) FROM idiolect.requests WHERE operation < 3), "
    "(SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname IN ('idiolect', 'idiolect_keys') AND c.relkind = 'r')"};

constexpr PostgresStatement kCountServers{
    "count_servers",
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND application_name = (SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid())"};

absl::Status CheckRules(PostgresConnection& connection, StoreCheck& check) {
  for (const Rule& rule : kRules) {
    STORE_ASSIGN_OR_RETURN(const PostgresResult cases, connection.RunOne(rule.query));
    if (cases.Integer(0, 0) > 0) check.problems.push_back(absl::StrCat(cases.Integer(0, 0), " ", rule.violation));
  }
  return absl::OkStatus();
}

absl::Status Count(PostgresConnection& connection, StoreCheck& check) {
  STORE_ASSIGN_OR_RETURN(const PostgresResult counts, connection.RunOne(kCount));
  check.users = counts.Integer(0, 0);
  check.exchanges = counts.Integer(0, 1);
  check.request_ids = counts.Integer(0, 2);
  check.bytes = counts.Integer(0, 3);
  return absl::OkStatus();
}

// Opens each text of the user; kDataLoss at the first that does not open.
absl::Status OpenTexts(PostgresConnection& connection, const PostgresKeys& keys, const UserKey& user) {
  SendLoadUser(connection, user);
  keys.SendLoad(connection, user);
  STORE_ASSIGN_OR_RETURN(const std::vector<PostgresResult> results, connection.Run());
  const UserState state = ReadUser(results[0]).value_or(UserState());
  STORE_ASSIGN_OR_RETURN(const std::optional<UserCipher> cipher, keys.CipherOf(user, state.key_ref, results[1]));
  for (int64_t after = 0;;) {
    SendLoadExchangesAfter(connection, user, ListOrder::kOldestFirst, after, kAtOnce);
    STORE_ASSIGN_OR_RETURN(const std::vector<PostgresResult> rows, connection.Run());
    STORE_ASSIGN_OR_RETURN(const std::vector<Exchange> exchanges, ReadExchanges(rows.front(), cipher));
    if (exchanges.empty()) return absl::OkStatus();
    after = exchanges.back().sequence;
  }
}

absl::Status CheckTextsOfTenant(PostgresConnection& connection, const PostgresKeys& keys, const std::string& tenant,
                                int64_t& unreadable) {
  for (std::string after;;) {
    SendLoadUsersAfter(connection, tenant, after, kAtOnce);
    STORE_ASSIGN_OR_RETURN(const std::vector<PostgresResult> rows, connection.Run());
    const std::vector<UserSummary> users = ReadUsers(rows.front());
    if (users.empty()) return absl::OkStatus();
    for (const UserSummary& user : users) {
      const absl::Status opened = OpenTexts(connection, keys, {tenant, user.user_id});
      if (!opened.ok() && !absl::IsDataLoss(opened)) return opened;
      unreadable += opened.ok() ? 0 : 1;
    }
    after = users.back().user_id;
  }
}

absl::Status CheckTexts(PostgresConnection& connection, const PostgresKeys& keys, StoreCheck& check) {
  int64_t unreadable = 0;
  STORE_ASSIGN_OR_RETURN(const std::vector<std::string> tenants, LoadTenants(connection));
  for (const std::string& tenant : tenants) {
    STORE_RETURN_IF_ERROR(CheckTextsOfTenant(connection, keys, tenant, unreadable));
  }
  check.texts_opened = true;
  if (unreadable == 0) return absl::OkStatus();
  check.problems.push_back(absl::StrCat(unreadable, " users have no key in idiolect_keys.user_keys any more, or texts ",
                                        "that are damaged"));
  return absl::OkStatus();
}

absl::StatusOr<StoreCheck> Check(PostgresConnection& connection, const std::shared_ptr<const TextVault>& vault) {
  StoreCheck check;
  STORE_RETURN_IF_ERROR(RequirePostgresTables(connection));
  STORE_ASSIGN_OR_RETURN(check.encrypted, PostgresKeys::IsEncrypted(connection));
  std::optional<PostgresKeys> keys;
  if (check.encrypted && vault != nullptr) {
    STORE_ASSIGN_OR_RETURN(keys, PostgresKeys::Open(connection, vault));
  }
  connection.BeginRead();
  STORE_RETURN_IF_ERROR(Count(connection, check));
  STORE_RETURN_IF_ERROR(CheckRules(connection, check));
  if (keys.has_value()) STORE_RETURN_IF_ERROR(CheckTexts(connection, *keys, check));
  connection.Rollback();
  return check;
}

absl::StatusOr<std::unique_ptr<PostgresConnection>> Connect(const std::string& url) {
  STORE_ASSIGN_OR_RETURN(const PostgresUrl parsed, PostgresUrl::Parse(url));
  return PostgresConnection::Open(parsed, kPatience);
}

// A server that has just ended may still have sessions for a moment.
absl::Status RequireNoServer(PostgresConnection& connection) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (attempt > 0) absl::SleepFor(kPause);
    STORE_ASSIGN_OR_RETURN(const PostgresResult sessions, connection.RunOne(kCountServers));
    if (sessions.Integer(0, 0) == 0) return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      "servers are connected to the PostgreSQL database, which know the old master key: stop them first");
}

// The errors of a job that is not run again.
template <typename T>
absl::StatusOr<T> Final(absl::StatusOr<T> result) {
  if (result.ok()) return result;
  return AsUnavailable(result.status());
}

}  // namespace

absl::StatusOr<StoreCheck> CheckPostgresStore(const std::string& url, const std::shared_ptr<const TextVault>& vault) {
  STORE_ASSIGN_OR_RETURN(const std::unique_ptr<PostgresConnection> connection, Connect(url));
  return Final(Check(*connection, vault));
}

absl::StatusOr<int64_t> RekeyPostgresStore(const std::string& url, const TextVault& vault, const TextVault& new_vault) {
  STORE_ASSIGN_OR_RETURN(const std::unique_ptr<PostgresConnection> connection, Connect(url));
  STORE_RETURN_IF_ERROR(AsUnavailable(RequirePostgresTables(*connection)));
  STORE_RETURN_IF_ERROR(AsUnavailable(RequireNoServer(*connection)));
  return Final(RekeyPostgres(*connection, vault, new_vault));
}

}  // namespace idiolect
