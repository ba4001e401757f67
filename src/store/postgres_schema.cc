#include "store/postgres_schema.h"

#include <array>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "store/status_macros.h"

namespace idiolect {
namespace {

// Whether there is anything of ours. Read from the catalogue's tables: what to_regclass tells may be from before the
// wait for the lock.
constexpr PostgresStatement kLookForTables{
    "look_for_tables",
    "SELECT count(*) FILTER (WHERE relname = 'meta'), count(DISTINCT nspname) "
    "FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid WHERE nspname = 'idiolect'"};
constexpr PostgresStatement kReadMeta{"read_meta",
                                      "SELECT value FROM idiolect.meta WHERE key = convert_from($1::bytea, 'UTF8')"};
constexpr PostgresStatement kLockSchema{"lock_schema", "SELECT pg_advisory_xact_lock(7234015718229811)"};
constexpr PostgresStatement kSetVersion{"set_version",
                                        "UPDATE idiolect.meta SET value = $1::bytea WHERE key = 'schema_version'"};

// Step i leads from version i to version i + 1. A step that was released is never changed. Names and texts are BYTEA:
// a text may hold any bytes, and names are ordered by theirs. Times are microseconds since 1970.
constexpr std::array kMigrations = {
    R"sql(
    CREATE SCHEMA IF NOT EXISTS idiolect;
    CREATE SCHEMA IF NOT EXISTS idiolect_keys;

    CREATE TABLE idiolect.meta (key TEXT PRIMARY KEY, value BYTEA NOT NULL);
    INSERT INTO idiolect.meta VALUES ('schema_version', '0'),
      ('page_token_key', decode(md5(gen_random_uuid()::text) || md5(gen_random_uuid()::text), 'hex'));

    CREATE SEQUENCE idiolect.epochs AS BIGINT;
    CREATE TABLE idiolect.users (
      tenant BYTEA NOT NULL, user_id BYTEA NOT NULL,
      epoch BIGINT NOT NULL, revision BIGINT NOT NULL, last_sequence BIGINT NOT NULL,
      exchange_count BIGINT NOT NULL, first_time BIGINT NOT NULL, last_time BIGINT NOT NULL, key_id BYTEA NOT NULL,
      PRIMARY KEY (tenant, user_id)) WITH (fillfactor = 70);

    CREATE TABLE idiolect.exchanges (
      tenant BYTEA NOT NULL, user_id BYTEA NOT NULL, sequence BIGINT NOT NULL, time BIGINT NOT NULL,
      source BYTEA NOT NULL, post_user BYTEA NOT NULL, post BYTEA NOT NULL, response BYTEA NOT NULL,
      sealed BYTEA NOT NULL,
      PRIMARY KEY (tenant, user_id, sequence));

    CREATE TABLE idiolect.requests (
      tenant BYTEA NOT NULL, user_id BYTEA NOT NULL, operation BIGINT NOT NULL, request_id BYTEA NOT NULL,
      digest BYTEA NOT NULL, sequence BIGINT NOT NULL, revision BIGINT NOT NULL, created BIGINT NOT NULL,
      PRIMARY KEY (tenant, user_id, operation, request_id));
    CREATE INDEX requests_by_age ON idiolect.requests (created);

    CREATE TABLE idiolect.receipts (
      digest BYTEA PRIMARY KEY, exchanges_erased BIGINT NOT NULL, request_ids_erased BIGINT NOT NULL,
      last_revision BIGINT NOT NULL, time BIGINT NOT NULL);

    CREATE TABLE idiolect.deletions (
      id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant BYTEA NOT NULL, user_id BYTEA NOT NULL,
      created TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp());
    CREATE INDEX deletions_by_age ON idiolect.deletions (created);

    CREATE TABLE idiolect_keys.ring (id BIGINT PRIMARY KEY CHECK (id = 1), check_text BYTEA NOT NULL);
    CREATE TABLE idiolect_keys.user_keys (
      tenant BYTEA NOT NULL, user_id BYTEA NOT NULL, wrapped BYTEA NOT NULL,
      PRIMARY KEY (tenant, user_id));
    )sql",
};

// 0 where there are no tables yet.
absl::StatusOr<int> ReadVersion(PostgresConnection& connection) {
  STORE_ASSIGN_OR_RETURN(const PostgresResult tables, connection.RunOne(kLookForTables));
  if (tables.Integer(0, 0) == 0 && tables.Integer(0, 1) == 0) return 0;
  if (tables.Integer(0, 0) == 0) {
    return absl::FailedPreconditionError(
        "the PostgreSQL database has a schema idiolect without our tables: it is another program's, or a restore "
        "broke off; drop it, or name another database");
  }
  STORE_ASSIGN_OR_RETURN(const std::string text, ReadPostgresMeta(connection, "schema_version"));
  int version = 0;
  if (!absl::SimpleAtoi(text, &version)) return absl::InternalError("idiolect.meta: schema_version is no number");
  if (version <= PostgresSchemaVersion()) return version;
  return absl::FailedPreconditionError(absl::StrCat("the history tables in PostgreSQL have version ", version,
                                                    ", this program knows versions up to ", PostgresSchemaVersion(),
                                                    ": use the newer program that wrote them"));
}

absl::Status MigrateLocked(PostgresConnection& connection) {
  LockPostgresSchema(connection);
  STORE_ASSIGN_OR_RETURN(int version, ReadVersion(connection));  // again: another server may have been faster
  for (; version < PostgresSchemaVersion(); ++version) {
    STORE_RETURN_IF_ERROR(connection.RunScript(kMigrations[version]));
    STORE_RETURN_IF_ERROR(connection.RunOne(kSetVersion, {absl::StrCat(version + 1)}).status());
  }
  return connection.Commit();
}

}  // namespace

int PostgresSchemaVersion() { return kMigrations.size(); }

absl::Status MigratePostgres(PostgresConnection& connection) {
  STORE_ASSIGN_OR_RETURN(const int version, ReadVersion(connection));
  if (version == PostgresSchemaVersion()) return absl::OkStatus();
  const absl::Status status = MigrateLocked(connection);
  if (!absl::IsUnavailable(status)) return status;
  return absl::FailedPreconditionError(
      absl::StrCat("the history tables can't be made or brought up to date: ", std::string(status.message()),
                   "; let the first server start with a role that may create schemas in the database"));
}

absl::Status RequirePostgresTables(PostgresConnection& connection) {
  STORE_ASSIGN_OR_RETURN(const int version, ReadVersion(connection));
  if (version == PostgresSchemaVersion()) return absl::OkStatus();
  if (version == 0) return absl::NotFoundError("there are no history tables in the PostgreSQL database");
  return absl::FailedPreconditionError(
      absl::StrCat("the history tables in PostgreSQL have version ", version, ": let a server bring them up to date"));
}

absl::StatusOr<std::string> ReadPostgresMeta(PostgresConnection& connection, std::string_view key) {
  STORE_ASSIGN_OR_RETURN(const PostgresResult row, connection.RunOne(kReadMeta, {key}));
  if (row.rows() == 0) return absl::InternalError(absl::StrCat("idiolect.meta: ", std::string(key), " is missing"));
  return row.Bytes(0, 0);
}

void LockPostgresSchema(PostgresConnection& connection) {
  connection.BeginWrite();
  connection.Send(kLockSchema);
}

}  // namespace idiolect
