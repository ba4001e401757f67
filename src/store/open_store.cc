#include "store/open_store.h"

#include <memory>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "store/memory_store.h"
#include "store/postgres_store.h"
#include "store/sqlite_store.h"

namespace idiolect {
namespace {

constexpr std::string_view kSqlitePrefix = "sqlite:";

}  // namespace

absl::StatusOr<std::unique_ptr<HistoryStore>> OpenHistoryStore(std::string_view url, const StoreOptions& options) {
  if (url.starts_with(kSqlitePrefix)) return SqliteStore::Open(std::string(url.substr(kSqlitePrefix.size())), options);
  if (PostgresUrl::IsOne(url)) return PostgresStore::Open(url, options);
  if (url == "memory:") return std::make_unique<MemoryStore>(options);
  return absl::InvalidArgumentError(
      absl::StrCat("'", std::string(url),
                   "' names no history store; possible are sqlite:PATH, postgres://HOST/DATABASE and memory:"));
}

absl::StatusOr<std::unique_ptr<HistoryStore>> OpenHistoryStore(std::string_view url) {
  return OpenHistoryStore(url, StoreOptions());
}

}  // namespace idiolect
