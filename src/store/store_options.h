// The tunables of the embedded stores. The defaults suit a server.
#pragma once

#include <cstdint>
#include <functional>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace idiolect {

struct StoreOptions {
  // How long a request id is remembered; after that a repetition counts as a new call.
  absl::Duration request_id_lifetime = absl::Hours(24);

  // How often request ids that are too old are removed.
  absl::Duration prune_interval = absl::Minutes(1);

  // Reads that run at the same time; more of them wait for each other, never for a write.
  int max_readers = 8;

  // Writes that wait are committed together, up to this many: the bound on what one disk flush has to carry.
  int max_group_size = 256;

  // How long a write waits for another program that has locked the database (the sqlite3 shell, a backup).
  absl::Duration busy_timeout = absl::Seconds(5);

  // The write-ahead log is copied into the database when it has grown to this many pages …
  int64_t checkpoint_pages = 1000;
  // … and from this many on the writer waits for readers to leave it, so that it stops growing.
  int64_t max_log_pages = 16000;

  // What time it is.
  std::function<absl::Time()> now = absl::Now;
};

}  // namespace idiolect
