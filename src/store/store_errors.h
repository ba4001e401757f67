// The errors of the contract, in the same words from every store.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "idiolect/exchange.h"

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

inline absl::Status UserExists() { return absl::AlreadyExistsError("the user has a history in this store already"); }

// Sequences from 1, growing, none above what the revision allows.
inline absl::Status CheckAdoption(int64_t revision, absl::Span<const Exchange> exchanges) {
  int64_t last = 0;
  bool fits = (revision + static_cast<int64_t>(exchanges.size())) % 2 == 0;
  for (const Exchange& exchange : exchanges) {
    fits = fits && exchange.sequence > last;
    last = exchange.sequence;
  }
  if (fits && last <= (revision + static_cast<int64_t>(exchanges.size())) / 2) return absl::OkStatus();
  return absl::InvalidArgumentError("the exchanges and the revision are not those of one history");
}

inline absl::Status CheckPageSize(int page_size) {
  return page_size >= 1 ? absl::OkStatus() : absl::InvalidArgumentError("a page has at least 1 entry");
}

}  // namespace idiolect
