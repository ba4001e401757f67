#include "access/file_watch.h"

#include <sys/stat.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace idiolect {

FileWatch::FileWatch(std::vector<std::string> paths, absl::Duration poll, std::function<void()> changed)
    : paths_(std::move(paths)),
      changed_(std::move(changed)),
      versions_(Versions()),
      looking_(poll, [this] { Look(); }) {}

void FileWatch::Look() {
  // Before the files are read: what is written meanwhile is noticed at the next look.
  std::string versions = Versions();
  if (std::exchange(versions_, versions) != versions) changed_();
}

std::string FileWatch::Versions() const {
  std::string versions;
  for (const std::string& path : paths_) {
    struct stat info {};
    if (stat(path.c_str(), &info) == 0) {
      absl::StrAppend(&versions, info.st_dev, " ", info.st_ino, " ", info.st_size, " ", info.st_mtim.tv_sec, ".",
                      info.st_mtim.tv_nsec);
    }
    versions += '\n';
  }
  return versions;
}

}  // namespace idiolect
