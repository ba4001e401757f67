// Whether the file at a path is still the one that was opened: a database that is moved away or deleted stays open, and
// what is written to it then would be lost with the process.
#pragma once

#include <sys/types.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace idiolect {

class FilePlace {
 public:
  static absl::StatusOr<FilePlace> Of(const std::string& path);

  // kUnavailable while another file, or none, is at the path. From any thread; takes about a microsecond.
  absl::Status Check() const;

 private:
  FilePlace(std::string path, dev_t device, ino_t inode) : path_(std::move(path)), device_(device), inode_(inode) {}

  std::string path_;
  dev_t device_;
  ino_t inode_;
};

}  // namespace idiolect
