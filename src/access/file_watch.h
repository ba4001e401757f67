// Notices that files have changed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "access/periodic.h"

namespace idiolect {

// Looks at the files every `poll`, from its construction to its destruction, on a thread of its own.
class FileWatch {
 public:
  // `changed` is called on that thread, once for all that has changed since the last look: files that were written,
  // replaced, removed or came back, also behind symbolic links. Not for what the files were at the construction: who
  // reads them then, does so after it.
  FileWatch(std::vector<std::string> paths, absl::Duration poll, std::function<void()> changed);

 private:
  void Look();
  std::string Versions() const;

  const std::vector<std::string> paths_;
  const std::function<void()> changed_;
  std::string versions_;  // at the last look
  Periodic looking_;      // last: it uses everything above
};

}  // namespace idiolect
