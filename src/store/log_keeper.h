// Keeps the write-ahead log short and the database free of erased text.
//
// Every checkpoint of the database is made here, none by SQLite on its own, so that every page that enters the database
// file is scrubbed afterwards (page_scrubber.h). What no log holds and no unused part of a page, is gone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/page_scrubber.h"
#include "store/sqlite_connection.h"
#include "store/store_options.h"

namespace idiolect {

// Used by the thread that writes, outside of transactions.
class LogKeeper {
 public:
  // `connection` outlives the keeper and is the only one that writes.
  static absl::StatusOr<std::unique_ptr<LogKeeper>> Create(SqliteConnection& connection, const StoreOptions& options);
  // Stops following the log.
  ~LogKeeper();
  LogKeeper(const LogKeeper&) = delete;
  LogKeeper& operator=(const LogKeeper&) = delete;

  // After opening: empties the log that a crash may have left, and scrubs everything.
  absl::Status CleanUp();

  // After the commit of a deletion: overwrites what was deleted. Waits for readers for a moment; where they don't leave
  // or the disk fails, Tend() goes on with it.
  void Erase();

  // After any commit, and now and then: copies a long log into the database, and finishes erasures.
  void Tend();

  bool erasure_pending() const { return erasure_pending_; }

 private:
  LogKeeper(SqliteConnection& connection, PageScrubber scrubber, const StoreOptions& options);
  static int OnCommit(void* keeper, sqlite3*, const char*, int log_pages);

  // Copies the log into the database and scrubs; `mode` is SQLite's.
  absl::Status Checkpoint(int mode);
  // The same for the whole log, which is empty afterwards; for this no reader may be using it. kUnavailable when that
  // doesn't happen for as long as `patience`.
  absl::Status EmptyLog(absl::Duration patience);
  absl::Status TryErase(absl::Duration patience);
  // Adds to unscrubbed_ the pages in the log that have not been copied yet.
  absl::Status NoteLoggedPages();

  SqliteConnection& connection_;
  PageScrubber scrubber_;
  const int64_t checkpoint_pages_;
  const int64_t max_log_pages_;
  const absl::Duration busy_timeout_;

  int64_t log_pages_ = 0;             // in the log after the last commit
  int64_t copied_pages_ = 0;          // of these, the first so many are in the database and scrubbed
  std::string log_salt_;              // changes when the log starts over
  std::vector<uint32_t> unscrubbed_;  // copied, or about to be
  bool erasure_pending_ = false;
};

}  // namespace idiolect
