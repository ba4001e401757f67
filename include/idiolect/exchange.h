// The values that flow between the store, the engine and the outside: who a user is, what they said, in what order.
// Plain values: copyable, no locks, no I/O.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace idiolect {

// A user of a tenant. The tenant comes from the caller's credentials, never from a request. `user_id` is 1 to 256 bytes
// of UTF-8 without control characters; whoever accepts one from outside checks that (see serve/validation.h).
struct UserKey {
  std::string tenant;
  std::string user_id;

  friend bool operator==(const UserKey&, const UserKey&) = default;
  friend auto operator<=>(const UserKey&, const UserKey&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const UserKey& key) {
    return H::combine(std::move(h), key.tenant, key.user_id);
  }
};

// One (post, response) pair: somebody wrote `post`, the user answered `response`.
struct Exchange {
  // Position in the user's history, from 1, given by the store; never reused within the user's lifetime. 0: not stored.
  int64_t sequence = 0;
  std::string post;
  std::string response;
  std::string post_user;                // who wrote the post; may be empty
  absl::Time time = absl::UnixEpoch();  // when the user responded; microsecond resolution
  std::string source;                   // where the exchange comes from ("import", "telegram"); may be empty

  friend bool operator==(const Exchange&, const Exchange&) = default;
};

// The newest part of a user's history and the state of the whole that it was read at.
struct History {
  // Tells two lives of the same user id apart: a user who is erased and comes back starts again at revision 1, in a new
  // epoch, so nothing derived from the first life can be taken for the second's. 0 for a user without history.
  int64_t epoch = 0;
  // Grows by one with every append and deletion. 0 for a user never seen.
  int64_t revision = 0;
  std::vector<Exchange> exchanges;  // oldest first
};

}  // namespace idiolect
