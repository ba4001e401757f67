// The tunables of the stores. The defaults suit a server.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "idiolect/exchange.h"

namespace idiolect {

class TextVault;

struct StoreOptions {
  // Encrypts texts at rest (text_vault.h); null: they are stored as they are. A store in memory has nothing at rest.
  std::shared_ptr<const TextVault> vault;

  // How long a request id is remembered; after that a repetition counts as a new call.
  absl::Duration request_id_lifetime = absl::Hours(24);

  // How old an exchange may become, by its `time`, in the histories of a tenant; of "" for tenants that are not named.
  // Older ones are deleted at the next prune, and each deletion moves the user's revision. Empty: as old as they like.
  std::map<std::string, absl::Duration> time_to_live;

  // Of a longer history the first exchanges are deleted at the next prune, in the same way. 0: as long as it likes.
  int64_t max_exchanges_per_user = 0;

  // Called for every user who has lost exchanges by one of these two rules, after that is durable, on the store's own
  // thread: what was derived from them is to be forgotten. Must not call the store. May be empty. A store that several
  // servers share tells of every deletion of every server, and of each twice: at once, and when no call can be under
  // way any more that had read the history before.
  std::function<void(const UserKey&)> on_deletion;

  // How often request ids that are too old are removed, and exchanges that may not stay.
  absl::Duration prune_interval = absl::Minutes(1);

  // Reads that run at the same time; more of them wait for each other, never for a write.
  int max_readers = 8;

  // Writes that wait are committed together, up to this many: the bound on what one disk flush has to carry.
  int max_group_size = 256;

  // How long a write waits for another program that has locked the database (the sqlite3 shell, a backup).
  absl::Duration busy_timeout = absl::Seconds(5);

  // The write-ahead log is copied into the database when it has grown to this many pages …
  int64_t checkpoint_pages = 4000;
  // … and from this many on the writer waits for readers to leave it, so that it stops growing.
  int64_t max_log_pages = 16000;

  // PostgreSQL alone. Threads that commit appends, each with a connection, and how many more connections write.
  int max_writers = 4;
  // How long a statement, or a commit that waits for the standby, may take before it is UNAVAILABLE.
  absl::Duration database_timeout = absl::Seconds(10);
  // How often the store looks for what other servers have deleted, in order to tell `on_deletion`.
  absl::Duration deletions_interval = absl::Seconds(1);

  // Never waits for the disk, so that a loss of power loses what was acknowledged. For one purpose: to show that the
  // check of power cuts (scripts/check-power-cuts) would notice.
  bool unsafe_lose_power_cuts = false;

  // What time it is.
  std::function<absl::Time()> now = absl::Now;

  bool deletes_by_itself() const { return !time_to_live.empty() || max_exchanges_per_user > 0; }
  absl::Duration TimeToLive(const std::string& tenant) const {
    auto found = time_to_live.find(tenant);
    if (found == time_to_live.end()) found = time_to_live.find("");
    return found == time_to_live.end() ? absl::InfiniteDuration() : found->second;
  }
};

}  // namespace idiolect
