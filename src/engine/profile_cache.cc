#include "engine/profile_cache.h"

namespace idiolect {
namespace {

// What an entry costs beside the profile: the key twice, the list's and the map's nodes.
int64_t Overhead(const UserKey& user) {
  return static_cast<int64_t>(2 * (user.tenant.size() + user.user_id.size()) + 256);
}

}  // namespace

std::shared_ptr<const CompactProfile> ProfileCache::Find(const UserKey& user, int64_t epoch, int64_t revision) {
  const std::lock_guard lock(mutex_);
  const auto found = by_user_.find(user);
  if (found == by_user_.end()) return nullptr;
  const CompactProfile& profile = *found->second->profile;
  if (profile.epoch != epoch || profile.revision != revision) return nullptr;
  by_use_.splice(by_use_.begin(), by_use_, found->second);
  return found->second->profile;
}

std::shared_ptr<const CompactProfile> ProfileCache::FindEarlier(const UserKey& user, int64_t epoch) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_user_.find(user);
  if (found == by_user_.end() || found->second->profile->epoch != epoch) return nullptr;
  return found->second->profile;
}

bool ProfileCache::Holds(const UserKey& user) const {
  const std::lock_guard lock(mutex_);
  return by_user_.contains(user);
}

void ProfileCache::Insert(const UserKey& user, std::shared_ptr<const CompactProfile> profile, int64_t forget_count) {
  const std::lock_guard lock(mutex_);
  if (forget_count != forget_count_) return;
  const int64_t bytes = profile->byte_size() + Overhead(user);
  if (bytes > max_bytes_) return;
  Remove(user);
  by_use_.push_front({user, std::move(profile), bytes});
  by_user_[user] = by_use_.begin();
  bytes_ += bytes;
  while (bytes_ > max_bytes_) Remove(UserKey(by_use_.back().user));
}

void ProfileCache::Forget(const UserKey& user) {
  const std::lock_guard lock(mutex_);
  ++forget_count_;
  Remove(user);
}

int64_t ProfileCache::forget_count() const {
  const std::lock_guard lock(mutex_);
  return forget_count_;
}

int64_t ProfileCache::byte_size() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

void ProfileCache::Remove(const UserKey& user) {
  const auto found = by_user_.find(user);
  if (found == by_user_.end()) return;
  bytes_ -= found->second->bytes;
  by_use_.erase(found->second);
  by_user_.erase(found);
}

}  // namespace idiolect
