// What was made of the histories of users who were here lately, bounded in bytes; the least recently used go first. One
// value a user: an append moves the revision, and the next value replaces the old one. Thread-safe.
//
// A Value has the `epoch` and `revision` of the history that it was made from, and byte_size().
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "idiolect/exchange.h"
#include "inference/compact_profile.h"

namespace idiolect {

template <typename Value>
class UserCache {
 public:
  explicit UserCache(int64_t max_bytes) : max_bytes_(max_bytes) {}

  // The user's value at exactly this epoch and revision, or null.
  std::shared_ptr<const Value> Find(const UserKey& user, int64_t epoch, int64_t revision) {
    const std::lock_guard lock(mutex_);
    const auto found = by_user_.find(user);
    if (found == by_user_.end()) return nullptr;
    const Value& value = *found->second->value;
    if (value.epoch != epoch || value.revision != revision) return nullptr;
    by_use_.splice(by_use_.begin(), by_use_, found->second);
    return found->second->value;
  }

  // Whatever is kept of the user's history in this epoch, or null. Does not count as a use.
  std::shared_ptr<const Value> FindEarlier(const UserKey& user, int64_t epoch) const {
    const std::lock_guard lock(mutex_);
    const auto found = by_user_.find(user);
    if (found == by_user_.end() || found->second->value->epoch != epoch) return nullptr;
    return found->second->value;
  }

  bool Holds(const UserKey& user) const {
    const std::lock_guard lock(mutex_);
    return by_user_.contains(user);
  }

  // Keeps a value, unless anybody was forgotten since `forget_count` was read: the history that it was made from might
  // be the forgotten one. Such a value is simply made again when it is wanted.
  void Insert(const UserKey& user, std::shared_ptr<const Value> value, int64_t forget_count) {
    const std::lock_guard lock(mutex_);
    if (forget_count != forget_count_) return;
    const int64_t bytes = value->byte_size() + Overhead(user);
    if (bytes > max_bytes_) return;
    Remove(user);
    by_use_.push_front({user, std::move(value), bytes});
    by_user_[user] = by_use_.begin();
    bytes_ += bytes;
    while (bytes_ > max_bytes_) Remove(UserKey(by_use_.back().user));
  }

  // Drops the user's value; nothing made from a history that was read before this call is kept after it.
  void Forget(const UserKey& user) {
    const std::lock_guard lock(mutex_);
    ++forget_count_;
    Remove(user);
  }

  int64_t forget_count() const {
    const std::lock_guard lock(mutex_);
    return forget_count_;
  }

  int64_t byte_size() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }

 private:
  struct Entry {
    UserKey user;
    std::shared_ptr<const Value> value;
    int64_t bytes;
  };

  // What an entry costs beside the value: the key twice, the list's and the map's nodes.
  static int64_t Overhead(const UserKey& user) {
    return static_cast<int64_t>(2 * (user.tenant.size() + user.user_id.size()) + 256);
  }

  void Remove(const UserKey& user) {  // the caller holds mutex_
    const auto found = by_user_.find(user);
    if (found == by_user_.end()) return;
    bytes_ -= found->second->bytes;
    by_use_.erase(found->second);
    by_user_.erase(found);
  }

  const int64_t max_bytes_;
  // The standard mutex, which the thread sanitizer knows; it guards all that follows.
  mutable std::mutex mutex_;
  std::list<Entry> by_use_;  // most recently used first
  absl::flat_hash_map<UserKey, typename std::list<Entry>::iterator> by_user_;
  int64_t bytes_ = 0;
  int64_t forget_count_ = 0;
};

using ProfileCache = UserCache<CompactProfile>;

}  // namespace idiolect
