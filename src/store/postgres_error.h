// Errors of PostgreSQL as statuses, which say what to do next.
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace idiolect {

// The status of an error of the server. `state` is the SQLSTATE; `message` the primary message, which quotes no data.
//   kAborted       the transaction came to nothing for a passing reason (a deadlock, a connection that broke): run it
//                  again, on another connection where this one is of no use. Never leaves the store.
//   kUnavailable   the database can't do it at present: no room, a lock or a standby that is waited for too long
//   kDataLoss      the database is damaged
//   kInternal      anything else
absl::Status PostgresError(std::string_view state, std::string_view message);

// Whether the connection that gave this error is of no use any more: the server ends, or has become a standby.
bool EndsConnection(std::string_view state);

// What callers of the store are told where running again did not help: kUnavailable for kAborted.
absl::Status AsUnavailable(const absl::Status& status);

}  // namespace idiolect
