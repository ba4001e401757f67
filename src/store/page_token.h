// Page tokens: where the next page starts, sealed so that only a token of this store for the same list is accepted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "idiolect/history_store.h"

namespace idiolect {

class PageTokens {
 public:
  // `key`: secret random bytes of the store, the same for as long as its tokens are to be valid.
  explicit PageTokens(std::string key) : key_(std::move(key)) {}

  // After which exchange, of which user in which order.
  std::string ForExchanges(const UserKey& user, ListOrder order, int64_t last_sequence) const;
  // The sequence that the page before ended with; for an empty token the one before the first. kInvalidArgument for a
  // token of another list.
  absl::StatusOr<int64_t> ParseExchanges(const UserKey& user, ListOrder order, std::string_view token) const;

  // After which user of the tenant.
  std::string ForUsers(std::string_view tenant, std::string_view last_user_id) const;
  // For an empty token the empty id, which is before all.
  absl::StatusOr<std::string> ParseUsers(std::string_view tenant, std::string_view token) const;

 private:
  std::string Seal(std::string_view list, std::string_view position) const;
  absl::StatusOr<std::string> Open(std::string_view list, std::string_view token) const;

  std::string key_;
};

}  // namespace idiolect
