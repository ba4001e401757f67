// Moves everything from one store to another, of whatever kinds.
#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "idiolect/history_store.h"

namespace idiolect {

struct CopyCounts {
  int64_t users = 0;          // taken over
  int64_t exchanges = 0;      // of these
  int64_t present_users = 0;  // were there already, as they are in the source: copied by an attempt before
};

// Takes over each user with texts, times, sequences and revision; see HistoryStore::Adopt for what does not come along.
// A user is copied whole or not at all, so after an interruption the same call goes on. kAlreadyExists at a user whose
// history in `to` is another one. `counts` holds after an error too. Needs the memory of one user's history.
absl::Status CopyStore(HistoryStore& from, HistoryStore& to, CopyCounts& counts,
                       const std::function<void(const CopyCounts&)>& on_progress);

}  // namespace idiolect
