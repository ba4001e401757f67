// The wrapped keys of an encrypted SQLite database, in a file of their own: PATH.keys.
//
// Apart from the database, so that a copy of the database is unreadable without it, and a user whose key is erased here
// is erased in every copy. The form is as plain as can be: a header, then slots of one size, each a wrapped key or
// zeros. An erasure overwrites the slot in place.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/text_vault.h"

namespace idiolect {

class KeyFile {
 public:
  // Creates the file, for its owner only, with the vault's check in it. kAlreadyExists where there is one.
  static absl::StatusOr<std::unique_ptr<KeyFile>> Create(const std::string& path, const TextVault& vault);
  // kNotFound where there is no file, kDataLoss where it is none of ours, kFailedPrecondition where the vault's master
  // key is another one.
  static absl::StatusOr<std::unique_ptr<KeyFile>> Open(const std::string& path, const TextVault& vault);
  ~KeyFile();
  KeyFile(const KeyFile&) = delete;
  KeyFile& operator=(const KeyFile&) = delete;

  // Random bytes that tell this file from others; the database notes them.
  const std::string& id() const { return id_; }
  const std::string& path() const { return path_; }

  // Where a wrapped key is and which one it must be: the form in which a database refers to it.
  struct Place {
    int64_t slot = 0;
    std::string key_id;

    std::string Encode() const;
    static absl::StatusOr<Place> Decode(std::string_view bytes);
  };

  // Writes a key into a free slot. Durable after Sync(). Used by one thread at a time, like all that changes the file.
  absl::StatusOr<Place> Add(std::string_view wrapped);
  // Takes back the keys added since the last Sync() or Forgo(): what refers to them was not stored.
  void Forgo();
  // Overwrites the key, if it is still there. Durable after Sync().
  absl::Status Erase(const Place& place);
  // Does nothing where nothing was written since the last time.
  absl::Status Sync();

  // kNotFound where the key has been erased. From any thread.
  absl::StatusOr<std::string> Read(const Place& place) const;

  // Writes a copy to `path`, which must not exist, with every key changed by `change`, and the check of `vault`;
  // durable.
  using Change = std::function<absl::StatusOr<std::string>(std::string_view wrapped)>;
  absl::Status CopyTo(const std::string& path, const TextVault& vault, const Change& change) const;
  // Overwrites the whole file: it is of no use any more, and shall not be read from the disk.
  absl::Status Overwrite();

  // Keys in the file.
  absl::StatusOr<int64_t> CountKeys() const;

 private:
  KeyFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  absl::Status ReadHeader(const TextVault& vault);
  absl::Status FindFreeSlots();
  absl::Status WriteAt(int64_t offset, std::string_view bytes);
  absl::StatusOr<std::string> ReadAt(int64_t offset, size_t size) const;
  absl::Status Failure(std::string_view what, int error) const;

  const std::string path_;
  const int descriptor_;
  std::string id_;
  int64_t slot_count_ = 0;
  std::vector<int64_t> free_slots_;
  std::vector<int64_t> erased_slots_;  // free after the next Sync
  std::vector<int64_t> added_slots_;
  bool dirty_ = false;
};

}  // namespace idiolect
