// What an operator does with the history tables in PostgreSQL, beside what PostgreSQL's own tools do (pg_dump,
// pg_amcheck, VACUUM): look whether they add up, change the master key.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "store/sqlite_maintenance.h"
#include "store/text_vault.h"

namespace idiolect {

// Reads one state of everything, beside servers that may be using it. kNotFound where there are no history tables, else
// the errors of OpenHistoryStore.
absl::StatusOr<StoreCheck> CheckPostgresStore(const std::string& url, const std::shared_ptr<const TextVault>& vault);

// Wraps all keys by another master key, in one transaction; the texts stay as they are. No server may be running, since
// each knows the old master key. The number of keys.
absl::StatusOr<int64_t> RekeyPostgresStore(const std::string& url, const TextVault& vault, const TextVault& new_vault);

}  // namespace idiolect
