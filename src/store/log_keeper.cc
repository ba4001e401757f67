#include "store/log_keeper.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/time/clock.h"

namespace idiolect {
namespace {

// The form of the log: a header with a salt, then frames, each a header that begins with the page's number, and the
// page.
constexpr int64_t kLogHeaderBytes = 32;
constexpr int64_t kSaltOffset = 16;
constexpr int64_t kSaltBytes = 8;
constexpr int64_t kFrameHeaderBytes = 24;

// Readers finish within milliseconds; another program may sit on an old state of the database for long.
constexpr absl::Duration kErasurePatience = absl::Seconds(2);
constexpr absl::Duration kLongLogPatience = absl::Milliseconds(100);

// One attempt waits this long for readers. Short, because SQLite decides once an attempt which readers are in the way,
// and goes on waiting for their place in the log when others, that are not, have taken it.
constexpr int kAttemptMs = 20;

absl::StatusOr<sqlite3_file*> LogFile(SqliteConnection& connection) {
  sqlite3_file* file = nullptr;
  const int code = sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
  if (code != SQLITE_OK) return connection.Error(code);
  return file;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LogKeeper>> LogKeeper::Create(SqliteConnection& connection,
                                                             const StoreOptions& options) {
  STORE_ASSIGN_OR_RETURN(PageScrubber scrubber, PageScrubber::Create(connection));
  return std::unique_ptr<LogKeeper>(new LogKeeper(connection, std::move(scrubber), options));
}

LogKeeper::LogKeeper(SqliteConnection& connection, PageScrubber scrubber, const StoreOptions& options)
    : connection_(connection),
      scrubber_(std::move(scrubber)),
      checkpoint_pages_(options.checkpoint_pages),
      max_log_pages_(options.max_log_pages),
      busy_timeout_(options.busy_timeout) {
  // Takes the place of SQLite's own hook, which would make checkpoints by itself.
  sqlite3_wal_hook(connection_.handle(), &LogKeeper::OnCommit, this);
}

LogKeeper::~LogKeeper() { sqlite3_wal_hook(connection_.handle(), nullptr, nullptr); }

int LogKeeper::OnCommit(void* keeper, sqlite3*, const char*, int log_pages) {
  auto* self = static_cast<LogKeeper*>(keeper);
  if (log_pages < self->log_pages_) self->copied_pages_ = 0;  // the log started over
  self->log_pages_ = log_pages;
  return SQLITE_OK;
}

absl::Status LogKeeper::CleanUp() {
  const absl::Status emptied = EmptyLog(kErasurePatience);
  // Another program that reads the database keeps the log from being emptied; it will be when that one is gone.
  if (!emptied.ok() && !absl::IsUnavailable(emptied)) return emptied;
  STORE_RETURN_IF_ERROR(scrubber_.ScrubAll());
  return scrubber_.Sync();
}

void LogKeeper::Erase() {
  erasure_pending_ = true;
  TryErase(kErasurePatience).IgnoreError();  // Tend() repeats it
}

void LogKeeper::Tend() {
  if (erasure_pending_) TryErase(absl::ZeroDuration()).IgnoreError();
  if (log_pages_ - copied_pages_ < checkpoint_pages_) return;
  // A failure is met again at the next commit, whose caller is told if it can't be written.
  const bool too_long = log_pages_ >= max_log_pages_;
  (too_long ? EmptyLog(kLongLogPatience) : Checkpoint(SQLITE_CHECKPOINT_PASSIVE)).IgnoreError();
}

absl::Status LogKeeper::TryErase(absl::Duration patience) {
  STORE_RETURN_IF_ERROR(EmptyLog(patience));
  STORE_RETURN_IF_ERROR(scrubber_.Sync());
  // The connection's copies of the pages are not scrubbed: written again, they would bring the text back to the log.
  sqlite3_db_release_memory(connection_.handle());
  erasure_pending_ = false;
  return absl::OkStatus();
}

absl::Status LogKeeper::EmptyLog(absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  sqlite3_busy_timeout(connection_.handle(), kAttemptMs);
  absl::Status status = Checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
  while (absl::IsUnavailable(status) && absl::Now() < deadline) status = Checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
  sqlite3_busy_timeout(connection_.handle(), static_cast<int>(absl::ToInt64Milliseconds(busy_timeout_)));
  return status;
}

absl::Status LogKeeper::Checkpoint(int mode) {
  STORE_RETURN_IF_ERROR(NoteLoggedPages());
  int logged = 0;
  int copied = 0;
  const int code = sqlite3_wal_checkpoint_v2(connection_.handle(), "main", mode, &logged, &copied);
  if (code == SQLITE_OK) {
    log_pages_ = std::max(logged, 0);
    copied_pages_ = std::max(copied, 0);
  }
  // Also after a failure: some pages may have been copied.
  STORE_RETURN_IF_ERROR(scrubber_.Scrub(unscrubbed_));
  if (code != SQLITE_OK) return connection_.Error(code);
  unscrubbed_.clear();
  return absl::OkStatus();
}

absl::Status LogKeeper::NoteLoggedPages() {
  if (log_pages_ == 0) return absl::OkStatus();
  STORE_ASSIGN_OR_RETURN(sqlite3_file * file, LogFile(connection_));
  std::string salt(kSaltBytes, '\0');
  int code = file->pMethods->xRead(file, salt.data(), kSaltBytes, kSaltOffset);
  if (code != SQLITE_OK) return connection_.Error(code);
  if (salt != log_salt_) copied_pages_ = 0;
  log_salt_ = salt;
  for (int64_t frame = copied_pages_; frame < log_pages_; ++frame) {
    std::array<unsigned char, 4> page;
    const int64_t offset = kLogHeaderBytes + frame * (kFrameHeaderBytes + scrubber_.page_size());
    code = file->pMethods->xRead(file, page.data(), page.size(), offset);
    if (code != SQLITE_OK) return connection_.Error(code);
    unscrubbed_.push_back(uint32_t{page[0]} << 24 | page[1] << 16 | page[2] << 8 | page[3]);
  }
  std::sort(unscrubbed_.begin(), unscrubbed_.end());
  unscrubbed_.erase(std::unique(unscrubbed_.begin(), unscrubbed_.end()), unscrubbed_.end());
  return absl::OkStatus();
}

}  // namespace idiolect
