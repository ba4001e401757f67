#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "store/durable_file.h"
#include "store/history_writes.h"
#include "store/key_ring.h"
#include "store/sqlite_database.h"
#include "store/sqlite_maintenance.h"

namespace idiolect {
namespace {

namespace fs = std::filesystem;

bool Exists(const std::string& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

// One state of the database in a new file. VACUUM writes each row anew: no leftover of a row that was deleted.
absl::Status WriteCopy(SqliteConnection& connection, const std::string& target) {
  const int descriptor = CreatePrivateFile(target);  // SQLite takes an empty file as it is, with its permissions
  if (descriptor < 0) return absl::ErrnoToStatus(errno, absl::StrCat("can't create ", target));
  close(descriptor);
  absl::Status status = connection.Run("VACUUM INTO ?", target);
  if (status.ok()) status = SyncFile(target);
  if (!status.ok()) std::remove(target.c_str());
  return status;
}

absl::Status RefuseExisting(const std::string& target) {
  return Exists(target) ? absl::AlreadyExistsError(absl::StrCat(target, " exists already: name another file"))
                        : absl::OkStatus();
}

void OverwriteFile(const std::string& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) return;
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary) << std::string(size, '\0') << std::flush;
  SyncFile(path).IgnoreError();
}

// The log has to go with its database: it would be applied to the one that takes its place.
absl::StatusOr<std::string> MoveAside(const std::string& path) {
  std::string aside = absl::StrCat(path, ".replaced");
  for (int i = 1; Exists(aside); ++i) aside = absl::StrCat(path, ".replaced.", i);
  for (const char* suffix : {"-wal", "-shm", ""}) {
    if (Exists(path + suffix)) STORE_RETURN_IF_ERROR(RenameDurably(path + suffix, aside + suffix));
  }
  return aside;
}

// Erases the users whose keys are gone, and counts the others.
absl::Status FinishErasures(SqliteDatabase& database, KeyRing& keys, RestoreResult& result) {
  SqliteConnection& connection = *database.connection;
  std::vector<UserKey> gone;
  {
    STORE_ASSIGN_OR_RETURN(SqliteStatement row, connection.Query("SELECT tenant, user_id, key_ref FROM users"));
    while (true) {
      STORE_ASSIGN_OR_RETURN(const bool more, row.Next());
      if (!more) break;
      UserKey user{row.Text(0), row.Text(1)};
      const absl::Status found = FindCipher(&keys, user, row.Bytes(2)).status();
      if (absl::IsAborted(found)) {
        gone.push_back(std::move(user));
      } else if (!found.ok()) {
        return found;
      }
    }
  }
  STORE_RETURN_IF_ERROR(connection.Run("BEGIN IMMEDIATE"));
  HistoryWrites writes(connection, &keys, absl::Now(), absl::InfinitePast());
  for (const UserKey& user : gone) {
    STORE_RETURN_IF_ERROR(writes.Forget(user, "").status());
    result.forgotten.push_back(user.user_id);
  }
  STORE_RETURN_IF_ERROR(connection.Run("COMMIT"));
  database.log_keeper->Erase();
  return absl::OkStatus();
}

}  // namespace

absl::Status BackUpSqliteStore(const std::string& path, const std::string& target) {
  STORE_RETURN_IF_ERROR(RefuseExisting(target));
  STORE_ASSIGN_OR_RETURN(const std::unique_ptr<SqliteConnection> connection, OpenBesideServer(path));
  // Under another name until it is complete.
  const std::string unfinished = absl::StrCat(target, ".part");
  std::remove(unfinished.c_str());
  STORE_RETURN_IF_ERROR(WriteCopy(*connection, unfinished));
  return RenameDurably(unfinished, target);
}

absl::Status BackUpKeys(const std::string& path, const std::string& target) {
  const std::string unfinished = absl::StrCat(target, ".part");
  std::remove(unfinished.c_str());
  const int descriptor = CreatePrivateFile(unfinished);
  if (descriptor < 0) return absl::ErrnoToStatus(errno, absl::StrCat("can't create ", unfinished));
  close(descriptor);
  std::ifstream keys(KeyFilePath(path), std::ios::binary);
  if (!keys) return absl::NotFoundError(absl::StrCat("there is no key file ", KeyFilePath(path)));
  std::ofstream copy(unfinished, std::ios::binary);
  copy << keys.rdbuf() << std::flush;
  if (!copy) return absl::UnavailableError(absl::StrCat("can't write ", unfinished));
  STORE_RETURN_IF_ERROR(SyncFile(unfinished));
  OverwriteFile(target);
  return RenameDurably(unfinished, target);
}

absl::StatusOr<RestoreResult> RestoreSqliteStore(const std::string& backup, const std::string& path, bool replace,
                                                 const std::shared_ptr<const TextVault>& vault) {
  RestoreResult result;
  STORE_ASSIGN_OR_RETURN(const std::unique_ptr<SqliteConnection> connection, OpenBesideServer(backup));
  STORE_ASSIGN_OR_RETURN(result.users, connection->QueryInteger("SELECT count(*) FROM users"));
  STORE_ASSIGN_OR_RETURN(const std::optional<std::string> key_file, FindKeyFileId(*connection));
  {
    STORE_ASSIGN_OR_RETURN(const std::unique_ptr<FileLock> lock, LockDatabase(path));
    if (Exists(path) && !replace) {
      return absl::AlreadyExistsError(
          absl::StrCat("there is a history database ", path, ": --force puts the backup in its place"));
    }
    if (key_file.has_value()) {
      STORE_RETURN_IF_ERROR(OpenKeyFileFor(path, vault, *key_file).status());  // before anything is moved
    }
    const std::string unfinished = absl::StrCat(path, ".restoring");
    std::remove(unfinished.c_str());
    STORE_RETURN_IF_ERROR(WriteCopy(*connection, unfinished));
    if (Exists(path)) {
      STORE_ASSIGN_OR_RETURN(result.replaced, MoveAside(path));
    }
    STORE_RETURN_IF_ERROR(RenameDurably(unfinished, path));
  }
  if (!key_file.has_value()) return result;
  STORE_ASSIGN_OR_RETURN(SqliteDatabase database, OpenSqliteDatabase(path, {}));
  STORE_ASSIGN_OR_RETURN(const std::unique_ptr<KeyRing> keys, OpenKeyRing(*database.connection, vault));
  STORE_RETURN_IF_ERROR(FinishErasures(database, *keys, result));
  result.users -= static_cast<int64_t>(result.forgotten.size());
  return result;
}

}  // namespace idiolect
