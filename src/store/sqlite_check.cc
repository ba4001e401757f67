#include <filesystem>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "store/exchange_table.h"
#include "store/key_ring.h"
#include "store/sqlite_database.h"
#include "store/sqlite_maintenance.h"
#include "store/user_table.h"

namespace idiolect {
namespace {

constexpr int64_t kExchangesAtOnce = 1000;

// What can't be where every call was kept whole: a query that counts cases, and what they are.
struct Rule {
  const char* query;
  const char* violation;
};
constexpr Rule kRules[] = {
    {"SELECT count(*) FROM users u WHERE exchange_count <> (SELECT count(*) FROM exchanges e WHERE e.tenant = u.tenant "
     "AND e.user_id = u.user_id)",
     "users have another number of exchanges than is noted"},
    {"SELECT count(*) FROM users WHERE 2 * last_sequence - exchange_count <> revision",
     "users have a revision that their appends and deletions don't add up to"},
    {"SELECT count(*) FROM users u WHERE last_sequence < (SELECT max(sequence) FROM exchanges e WHERE e.tenant = "
     "u.tenant AND e.user_id = u.user_id)",
     "users have an exchange beyond the last sequence"},
    {"SELECT count(*) FROM exchanges e WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.tenant = e.tenant AND "
     "u.user_id = e.user_id)",
     "exchanges belong to no user"},
    {"SELECT count(*) FROM exchanges e JOIN users u ON u.tenant = e.tenant AND u.user_id = e.user_id "
     "WHERE (length(e.sealed) > 0) <> (length(u.key_ref) > 0)",
     "exchanges are encrypted where their user is not, or the reverse"},
};

absl::Status CheckPages(SqliteConnection& connection, StoreCheck& check) {
  STORE_ASSIGN_OR_RETURN(SqliteStatement row, connection.Query("PRAGMA integrity_check(10)"));
  while (true) {
    STORE_ASSIGN_OR_RETURN(const bool more, row.Next());
    if (!more) return absl::OkStatus();
    if (row.Text(0) != "ok") check.problems.push_back(absl::StrCat("damage: ", row.Text(0)));
  }
}

absl::Status CheckRules(SqliteConnection& connection, StoreCheck& check) {
  for (const Rule& rule : kRules) {
    STORE_ASSIGN_OR_RETURN(const int64_t cases, connection.QueryInteger(rule.query));
    if (cases > 0) check.problems.push_back(absl::StrCat(cases, " ", rule.violation));
  }
  return absl::OkStatus();
}

absl::Status Count(SqliteConnection& connection, StoreCheck& check) {
  STORE_ASSIGN_OR_RETURN(check.users, connection.QueryInteger("SELECT count(*) FROM users"));
  STORE_ASSIGN_OR_RETURN(check.exchanges, connection.QueryInteger("SELECT count(*) FROM exchanges"));
  STORE_ASSIGN_OR_RETURN(check.request_ids, connection.QueryInteger("SELECT count(*) FROM requests"));
  for (const char* suffix : {"", "-wal"}) {
    std::error_code absent;
    const auto size = std::filesystem::file_size(connection.path() + suffix, absent);
    if (!absent) check.bytes += static_cast<int64_t>(size);
  }
  return absl::OkStatus();
}

// Opens each text of the user; the first failure is its answer.
absl::Status OpenTexts(SqliteConnection& connection, const KeyRing& keys, const UserKey& user,
                       const std::string& key_ref) {
  STORE_ASSIGN_OR_RETURN(const std::optional<UserCipher> cipher, FindCipher(&keys, user, key_ref));
  for (int64_t after = 0;;) {
    STORE_ASSIGN_OR_RETURN(
        const std::vector<Exchange> exchanges,
        LoadExchangesAfter(connection, user, cipher, ListOrder::kOldestFirst, after, kExchangesAtOnce));
    if (exchanges.empty()) return absl::OkStatus();
    after = exchanges.back().sequence;
  }
}

absl::Status CheckTexts(SqliteConnection& connection, const KeyRing& keys, StoreCheck& check) {
  int64_t without_key = 0, damaged = 0;
  STORE_ASSIGN_OR_RETURN(SqliteStatement row, connection.Query("SELECT tenant, user_id, key_ref FROM users"));
  while (true) {
    STORE_ASSIGN_OR_RETURN(const bool more, row.Next());
    if (!more) break;
    const absl::Status opened = OpenTexts(connection, keys, {row.Text(0), row.Text(1)}, row.Bytes(2));
    without_key += absl::IsAborted(opened);
    damaged += absl::IsDataLoss(opened);
    if (!opened.ok() && !absl::IsAborted(opened) && !absl::IsDataLoss(opened)) return opened;
  }
  if (without_key > 0) {
    check.problems.push_back(absl::StrCat(without_key, " users have no key in ", keys.file().path(), " any more"));
  }
  if (damaged > 0) check.problems.push_back(absl::StrCat(damaged, " users have texts or keys that are damaged"));
  check.texts_opened = true;
  return absl::OkStatus();
}

absl::Status CheckInOneState(SqliteConnection& connection, const KeyRing* keys, StoreCheck& check) {
  STORE_RETURN_IF_ERROR(connection.Run("BEGIN"));
  STORE_RETURN_IF_ERROR(CheckPages(connection, check));
  STORE_RETURN_IF_ERROR(Count(connection, check));
  STORE_RETURN_IF_ERROR(CheckRules(connection, check));
  if (keys != nullptr) STORE_RETURN_IF_ERROR(CheckTexts(connection, *keys, check));
  return connection.Run("ROLLBACK");
}

}  // namespace

absl::StatusOr<StoreCheck> CheckSqliteStore(const std::string& path, const TextVault* vault) {
  STORE_ASSIGN_OR_RETURN(const std::unique_ptr<SqliteConnection> connection, OpenBesideServer(path));
  StoreCheck check;
  STORE_ASSIGN_OR_RETURN(const std::optional<std::string> key_file, FindKeyFileId(*connection));
  check.encrypted = key_file.has_value();
  std::unique_ptr<KeyRing> keys;
  if (check.encrypted && vault != nullptr) {
    // The check shares the vault with its caller.
    const std::shared_ptr<const TextVault> shared(vault, [](const TextVault*) {});
    STORE_ASSIGN_OR_RETURN(keys, OpenExistingKeyRing(*connection, shared, *key_file));
  }
  STORE_RETURN_IF_ERROR(CheckInOneState(*connection, keys.get(), check));
  return check;
}

}  // namespace idiolect
