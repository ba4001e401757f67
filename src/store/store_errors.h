// The errors of the contract, in the same words from every store.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace idiolect {

inline absl::Status NoSuchExchange(int64_t sequence) {
  return absl::NotFoundError(absl::StrCat("the user has no exchange ", sequence));
}

inline absl::Status RequestIdReused() {
  return absl::AlreadyExistsError("the request id was used before, with other content");
}

inline absl::Status RevisionNotReached(int64_t revision, int64_t min_revision) {
  return absl::FailedPreconditionError(
      absl::StrCat("the user's history is at revision ", revision, ", below the wanted ", min_revision));
}

inline absl::Status CheckPageSize(int page_size) {
  return page_size >= 1 ? absl::OkStatus() : absl::InvalidArgumentError("a page has at least 1 entry");
}

}  // namespace idiolect
