// What an operator does with an SQLite database: look whether it is well, copy it, put a copy in its place, encrypt it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/text_vault.h"

namespace idiolect {

struct StoreCheck {
  bool encrypted = false;
  bool texts_opened = false;  // every sealed text was opened, which takes the master key
  int64_t users = 0;
  int64_t exchanges = 0;
  int64_t request_ids = 0;
  int64_t bytes = 0;                  // of the database and its log
  std::vector<std::string> problems;  // in words; none where all is well
};

// Reads everything, beside a server that may be using the database. The errors are those of OpenHistoryStore.
absl::StatusOr<StoreCheck> CheckSqliteStore(const std::string& path, const TextVault* vault);

// Writes one state of the database to the file `target`, durably and without any leftover, beside a server that may be
// using it. The keys of an encrypted one do not come along. kAlreadyExists where `target` is there.
absl::Status BackUpSqliteStore(const std::string& path, const std::string& target);

// Copies the keys to `target`, whatever was there, and overwrites that: an erased key must not live on in an old copy.
absl::Status BackUpKeys(const std::string& path, const std::string& target);

struct RestoreResult {
  int64_t users = 0;
  std::vector<std::string> forgotten;  // users of the backup whose keys have been erased since
  std::string replaced;                // where the database that was there is now; empty where there was none
};

// Puts a backup in the place of the database, which no server may be using. Users that were erased since are erased in
// it where it is encrypted. kAlreadyExists where a database is there, unless `replace`: then that is kept beside.
absl::StatusOr<RestoreResult> RestoreSqliteStore(const std::string& backup, const std::string& path, bool replace,
                                                 const std::shared_ptr<const TextVault>& vault);

// Encrypts a plain database that no server is using, in one transaction, and overwrites the plain texts. The number of
// users.
absl::StatusOr<int64_t> EncryptSqliteStore(const std::string& path, const std::shared_ptr<const TextVault>& vault);

// Wraps all keys of a database that no server is using by another master key; the texts stay as they are. The number of
// keys.
absl::StatusOr<int64_t> RekeySqliteStore(const std::string& path, const TextVault& vault, const TextVault& new_vault);

}  // namespace idiolect
