// Keeps the record of who read, exported or erased whose data; the form of it is in audit_record.h.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "access/audit_record.h"

namespace idiolect {

// Thread-safe. One process writes a log at a time.
class AuditLog {
 public:
  // Goes on with the log of that name, or begins one. A last line that was cut off, by a crash while it was written, is
  // removed: what it would have told of was not done. With `user_ids` users stand in it by their ids, else by a hash.
  // kFailedPrecondition where another process writes it, kDataLoss where its last line is broken, so that nothing is
  // added to a log that proves nothing.
  static absl::StatusOr<std::unique_ptr<AuditLog>> Open(const std::string& path, bool user_ids);
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  // The event is with the system when this returns OK, and survives the end of this process; within a second it is on
  // the disk. kUnavailable where it can't be written: then what it tells of must not be done. When the file has been
  // renamed or removed meanwhile, a new one of its name goes on with the chain.
  absl::Status Append(const AuditEvent& event);

 private:
  AuditLog(std::string path, bool user_ids) : path_(std::move(path)), user_ids_(user_ids) {}
  absl::Status OpenFile();
  absl::Status Begin();
  absl::Status GoOn(int64_t size);
  absl::Status Write(const std::string& line, const AuditLink& after);
  bool IsStillThere() const;
  void SyncRegularly();

  const std::string path_;
  const bool user_ids_;
  std::mutex mutex_;
  int descriptor_ = -1;
  AuditLink last_;
  std::string salt_;
  bool unsynced_ = false, stopping_ = false;
  std::condition_variable stop_;
  std::thread syncer_;
};

}  // namespace idiolect
