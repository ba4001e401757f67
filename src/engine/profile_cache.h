// The profiles of users who were here lately, bounded in bytes; the least recently used go first. One profile a user:
// an append moves the revision, and the next build replaces the old one. Thread-safe.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>

#include "absl/container/flat_hash_map.h"
#include "idiolect/exchange.h"
#include "inference/compact_profile.h"

namespace idiolect {

class ProfileCache {
 public:
  explicit ProfileCache(int64_t max_bytes) : max_bytes_(max_bytes) {}

  // The user's profile at exactly this epoch and revision, or null.
  std::shared_ptr<const CompactProfile> Find(const UserKey& user, int64_t epoch, int64_t revision);

  // Whatever is kept of the user's history in this epoch, or null. Does not count as a use.
  std::shared_ptr<const CompactProfile> FindEarlier(const UserKey& user, int64_t epoch) const;
  bool Holds(const UserKey& user) const;

  // Keeps a profile, unless anybody was forgotten since `forget_count` was read: the history that it was built from
  // might be the forgotten one. Such a profile is simply built again when it is wanted.
  void Insert(const UserKey& user, std::shared_ptr<const CompactProfile> profile, int64_t forget_count);

  // Drops the user's profile; nothing built from a history that was read before this call is kept after it.
  void Forget(const UserKey& user);
  int64_t forget_count() const;

  int64_t byte_size() const;

 private:
  struct Entry {
    UserKey user;
    std::shared_ptr<const CompactProfile> profile;
    int64_t bytes;
  };
  void Remove(const UserKey& user);  // the caller holds mutex_

  const int64_t max_bytes_;
  // The standard mutex, which the thread sanitizer knows; it guards all that follows.
  mutable std::mutex mutex_;
  std::list<Entry> by_use_;  // most recently used first
  absl::flat_hash_map<UserKey, std::list<Entry>::iterator> by_user_;
  int64_t bytes_ = 0;
  int64_t forget_count_ = 0;
};

}  // namespace idiolect
