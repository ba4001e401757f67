// The exclusive use of a database by one process.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace idiolect {

// Holds PATH.lock locked while it lives; the system releases it when the process ends, however it ends. The file stays:
// removing it would let two processes lock two files of the same name.
class FileLock {
 public:
  // kFailedPrecondition when it is taken, also by this process.
  static absl::StatusOr<std::unique_ptr<FileLock>> Take(const std::string& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace idiolect
