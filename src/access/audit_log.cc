#include "access/audit_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "access/digest.h"
#include "spdlog/spdlog.h"
#include "store/durable_file.h"

namespace idiolect {
namespace {

constexpr size_t kSaltBytes = 16;
constexpr int64_t kMaxLineBytes = 64 << 10;
constexpr std::chrono::seconds kSyncEvery{1};

// The first or last bytes of a file.
std::string ReadAt(int descriptor, int64_t offset, int64_t size) {
  std::string bytes(static_cast<size_t>(size), '\0');
  const ssize_t got = pread(descriptor, bytes.data(), bytes.size(), offset);
  bytes.resize(got < 0 ? 0 : static_cast<size_t>(got));
  return bytes;
}

}  // namespace

absl::StatusOr<std::unique_ptr<AuditLog>> AuditLog::Open(const std::string& path, bool user_ids) {
  std::unique_ptr<AuditLog> log(new AuditLog(path, user_ids));
  log->last_.hash = NoHash();
  const absl::Status status = log->OpenFile();
  if (!status.ok()) return status;
  log->syncer_ = std::thread([raw = log.get()] { raw->SyncRegularly(); });
  return log;
}

AuditLog::~AuditLog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  if (syncer_.joinable()) syncer_.join();
  if (descriptor_ >= 0) {
    fdatasync(descriptor_);
    close(descriptor_);
  }
}

absl::Status AuditLog::OpenFile() {
  const int descriptor = open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (descriptor < 0) return absl::ErrnoToStatus(errno, absl::StrCat("can't open the audit log ", path_));
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    close(descriptor);
    return absl::FailedPreconditionError(absl::StrCat("another process writes the audit log ", path_));
  }
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = descriptor;
  const int64_t size = lseek(descriptor_, 0, SEEK_END);
  return size == 0 ? Begin() : GoOn(size);
}

absl::Status AuditLog::Begin() {
  salt_ = absl::BytesToHexString(RandomBytes(kSaltBytes));
  if (salt_.empty()) return absl::InternalError("the system gives no random numbers");
  AuditLink after;
  const std::string line = ToFirstAuditLine(absl::Now(), salt_, last_.hash, after);
  absl::Status status = Write(line, after);
  return status.ok() ? SyncFolderOf(path_) : status;
}

absl::Status AuditLog::GoOn(int64_t size) {
  const int64_t tail_at = std::max<int64_t>(0, size - kMaxLineBytes);
  std::string tail = ReadAt(descriptor_, tail_at, size - tail_at);
  const size_t end = tail.rfind('\n');
  if (end == std::string::npos) return absl::DataLossError(absl::StrCat(path_, " is no audit log"));
  if (end + 1 < tail.size() && ftruncate(descriptor_, tail_at + static_cast<int64_t>(end) + 1) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("can't cut off the unfinished line of ", path_));
  }
  tail.resize(end);
  const absl::StatusOr<ParsedAuditLine> last = ParseAuditLine(std::string_view(tail).substr(tail.rfind('\n') + 1));
  const std::string head = ReadAt(descriptor_, 0, std::min(size, kMaxLineBytes));
  const absl::StatusOr<ParsedAuditLine> first = ParseAuditLine(std::string_view(head).substr(0, head.find('\n')));
  if (!last.ok() || !first.ok() || first->salt.empty()) {
    return absl::DataLossError(absl::StrCat("the audit log ", path_,
                                            " is broken: `idiolect audit verify` says where. Keep it under another "
                                            "name, and the server begins a new one"));
  }
  last_ = last->link;
  salt_ = first->salt;
  return absl::OkStatus();
}

absl::Status AuditLog::Append(const AuditEvent& event) {
  const std::lock_guard lock(mutex_);
  if (!IsStillThere()) {
    const absl::Status status = OpenFile();
    if (!status.ok()) {
      spdlog::error("{}", std::string(status.message()));
      return absl::UnavailableError("the audit log can't be written");
    }
  }
  AuditLink after = last_;
  const std::string line = ToAuditLine(event, absl::Now(), user_ids_ ? "" : salt_, after);
  return Write(line, after);
}

// All of the line or nothing.
absl::Status AuditLog::Write(const std::string& line, const AuditLink& after) {
  const off_t size = lseek(descriptor_, 0, SEEK_END);
  if (write(descriptor_, line.data(), line.size()) == static_cast<ssize_t>(line.size())) {
    last_ = after;
    unsynced_ = true;
    return absl::OkStatus();
  }
  spdlog::error("the audit log {} can't be written: is the disk full?", path_);
  (void)!ftruncate(descriptor_, size);
  return absl::UnavailableError("the audit log can't be written");
}

bool AuditLog::IsStillThere() const {
  struct stat ours {
  }, named{};
  return fstat(descriptor_, &ours) == 0 && stat(path_.c_str(), &named) == 0 && ours.st_ino == named.st_ino &&
         ours.st_dev == named.st_dev;
}

void AuditLog::SyncRegularly() {
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, kSyncEvery, [this] { return stopping_; })) {
    if (!std::exchange(unsynced_, false)) continue;
    const int descriptor = dup(descriptor_);  // nobody waits for the disk
    lock.unlock();
    fdatasync(descriptor);
    close(descriptor);
    lock.lock();
  }
}

}  // namespace idiolect
