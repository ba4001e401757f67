#include "store/file_place.h"

#include <sys/stat.h>

#include <cerrno>

#include "absl/strings/str_cat.h"

namespace idiolect {

absl::StatusOr<FilePlace> FilePlace::Of(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return absl::ErrnoToStatus(errno, absl::StrCat("can't look at ", path));
  return FilePlace(path, info.st_dev, info.st_ino);
}

absl::Status FilePlace::Check() const {
  struct stat info {};
  if (stat(path_.c_str(), &info) == 0 && info.st_dev == device_ && info.st_ino == inode_) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("the history database ", path_,
                                             " was moved, deleted or replaced while the server is using it: put the "
                                             "file back, or restart the server to go on with what is there"));
}

}  // namespace idiolect
