// Files whose content and name survive a loss of power.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace idiolect {

// A new file for its owner alone, open for reading and writing; negative, with errno, where it can't be made.
int CreatePrivateFile(const std::string& path);

// Makes what was written to the file durable.
absl::Status SyncFile(const std::string& path);
// Makes the names in the folder of `path` durable, after a file was made or renamed there.
absl::Status SyncFolderOf(const std::string& path);

// Gives `from` the name `to`, whatever had it before, durably.
absl::Status RenameDurably(const std::string& from, const std::string& to);

}  // namespace idiolect
