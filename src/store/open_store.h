// OpenHistoryStore of idiolect/history_store.h, with the tunables.
#pragma once

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "idiolect/history_store.h"
#include "store/store_options.h"

namespace idiolect {

// The errors are those of OpenHistoryStore(url), and kFailedPrecondition where the database is encrypted and
// `options.vault` is missing or of another master key, or where it holds plain texts and there is a vault.
absl::StatusOr<std::unique_ptr<HistoryStore>> OpenHistoryStore(std::string_view url, const StoreOptions& options);

}  // namespace idiolect
