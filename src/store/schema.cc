#include "store/schema.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "store/sqlite_error.h"

namespace idiolect {
namespace {

constexpr int64_t kApplicationId = 0x49444c54;  // "IDLT", tells our files from other programs' databases

// Step i leads from version i to version i + 1. A step that was released is never changed.
//
// Everything of a user lies together under (tenant, user_id): reading one user touches no page full of others, and
// forgetting one is a range. Times are microseconds since 1970. `time` stands before the texts, so that it can be read
// without them.
constexpr std::array kMigrations = {
    R"sql(
    CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO meta VALUES ('last_epoch', 0), ('page_token_key', randomblob(32));

    CREATE TABLE users (
      tenant TEXT NOT NULL, user_id TEXT NOT NULL,
      epoch INTEGER NOT NULL, revision INTEGER NOT NULL, last_sequence INTEGER NOT NULL,
      exchange_count INTEGER NOT NULL, first_time INTEGER NOT NULL, last_time INTEGER NOT NULL,
      PRIMARY KEY (tenant, user_id)) STRICT, WITHOUT ROWID;

    CREATE TABLE exchanges (
      tenant TEXT NOT NULL, user_id TEXT NOT NULL, sequence INTEGER NOT NULL,
      time INTEGER NOT NULL, source TEXT NOT NULL, post_user TEXT NOT NULL, post TEXT NOT NULL, response TEXT NOT NULL,
      PRIMARY KEY (tenant, user_id, sequence)) STRICT, WITHOUT ROWID;

    CREATE TABLE requests (
      tenant TEXT NOT NULL, user_id TEXT NOT NULL, operation INTEGER NOT NULL, request_id TEXT NOT NULL,
      digest BLOB NOT NULL, sequence INTEGER NOT NULL, revision INTEGER NOT NULL, created INTEGER NOT NULL,
      PRIMARY KEY (tenant, user_id, operation, request_id)) STRICT, WITHOUT ROWID;
    CREATE INDEX requests_by_age ON requests (created);

    CREATE TABLE receipts (
      digest BLOB PRIMARY KEY, exchanges_erased INTEGER NOT NULL, request_ids_erased INTEGER NOT NULL,
      last_revision INTEGER NOT NULL, time INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    )sql",
    // Encryption: an exchange's four texts are empty and stand in `sealed`; a user's key is found by `key_ref`, which
    // is empty where nothing is encrypted. `erased_keys` are still to be overwritten in the key file.
    R"sql(
    ALTER TABLE users ADD COLUMN key_ref BLOB NOT NULL DEFAULT x'';
    ALTER TABLE exchanges ADD COLUMN sealed BLOB NOT NULL DEFAULT x'';
    CREATE TABLE erased_keys (key_ref BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
    )sql",
};

absl::Status CheckIntegrity(SqliteConnection& connection) {
  STORE_ASSIGN_OR_RETURN(std::string verdict, connection.QueryValue("PRAGMA quick_check(1)"));
  return verdict == "ok" ? absl::OkStatus() : DamagedDatabase(connection.path(), verdict);
}

absl::Status CheckOwner(SqliteConnection& connection) {
  STORE_ASSIGN_OR_RETURN(int64_t application, connection.QueryInteger("PRAGMA application_id"));
  STORE_ASSIGN_OR_RETURN(int64_t objects, connection.QueryInteger("SELECT count(*) FROM sqlite_schema"));
  if (application == kApplicationId || (application == 0 && objects == 0)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(connection.path(), " is another program's database, not a history database"));
}

absl::Status CheckVersion(SqliteConnection& connection) {
  STORE_ASSIGN_OR_RETURN(int64_t version, connection.QueryInteger("PRAGMA user_version"));
  if (version >= 0 && version <= SchemaVersion()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("the history database ", connection.path(), " has version ",
                                                    version, ", this program knows versions up to ", SchemaVersion(),
                                                    ": use the newer program that wrote it"));
}

}  // namespace

int SchemaVersion() { return kMigrations.size(); }

absl::Status CheckDatabase(SqliteConnection& connection) {
  // The version first: a newer version's tables may look odd to our check of their integrity.
  STORE_RETURN_IF_ERROR(CheckOwner(connection));
  STORE_RETURN_IF_ERROR(CheckVersion(connection));
  return CheckIntegrity(connection);
}

absl::Status Migrate(SqliteConnection& connection) {
  STORE_ASSIGN_OR_RETURN(int64_t version, connection.QueryInteger("PRAGMA user_version"));
  for (; version < SchemaVersion(); ++version) {
    const absl::Status status = connection.RunScript(
        absl::StrCat("BEGIN IMMEDIATE;", kMigrations[version], "PRAGMA application_id = ", kApplicationId,
                     "; PRAGMA user_version = ", version + 1, "; COMMIT;"));
    if (!status.ok()) return status;  // the connection goes, and with it the open transaction
  }
  return absl::OkStatus();
}

}  // namespace idiolect
