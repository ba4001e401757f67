#include "serve/read_tap.h"

#include <dlfcn.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "absl/time/clock.h"

namespace idiolect {
namespace {

constexpr int64_t kReportedAtOnce = 1 << 16;  // bytes, so that an address's connections seldom meet in its count

// By descriptor. One whose connection has ended stays until its number is used again.
class Taps {
 public:
  void Put(int descriptor, std::shared_ptr<ReadTap> tap) {
    const std::unique_lock lock(mutex_);
    taps_[descriptor] = std::move(tap);
    used_ = true;
  }

  std::shared_ptr<ReadTap> Find(int descriptor) {
    if (!used_.load(std::memory_order_relaxed)) return nullptr;
    std::shared_ptr<ReadTap> tap = Get(descriptor);
    if (tap == nullptr || tap->IsOf(descriptor)) return tap;
    Remove(descriptor, tap);
    return nullptr;
  }

 private:
  std::shared_ptr<ReadTap> Get(int descriptor) {
    const std::shared_lock lock(mutex_);
    const auto found = taps_.find(descriptor);
    return found == taps_.end() ? nullptr : found->second;
  }

  void Remove(int descriptor, const std::shared_ptr<ReadTap>& tap) {
    const std::unique_lock lock(mutex_);
    const auto found = taps_.find(descriptor);
    if (found != taps_.end() && found->second == tap) taps_.erase(found);
  }

  std::atomic<bool> used_{false};
  std::shared_mutex mutex_;
  std::unordered_map<int, std::shared_ptr<ReadTap>> taps_;
};

// Never destroyed: threads may read until the process ends.
Taps& AllTaps() {
  static Taps& taps = *new Taps;
  return taps;
}

// Of the connection that this thread has read from last: gRPC decrypts what it has read at once.
thread_local std::shared_ptr<ReadTap> last_read;

uint64_t CookieOf(int descriptor) {
  uint64_t cookie = 0;
  socklen_t size = sizeof(cookie);
  getsockopt(descriptor, SOL_SOCKET, SO_COOKIE, &cookie, &size);
  return cookie;
}

bool TakeAll(ReadTap& tap, const msghdr& message, size_t size) {
  bool stays = true;
  for (size_t i = 0; i < message.msg_iovlen && size > 0; ++i) {
    const size_t here = std::min(size, message.msg_iov[i].iov_len);
    stays = tap.Take({static_cast<const char*>(message.msg_iov[i].iov_base), here}) && stays;
    size -= here;
  }
  return stays;
}

void FreeCounter(void*, void* counter, CRYPTO_EX_DATA*, int, long,
                 void*) {  // NOLINT(google-runtime-int): OpenSSL's type
  delete static_cast<ResetCounter*>(counter);
}

// Goes with the session, so that it sees all of it, in order, whichever thread decrypts.
ResetCounter& CounterOf(SSL* session) {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, FreeCounter);
  auto* counter = static_cast<ResetCounter*>(SSL_get_ex_data(session, index));
  if (counter == nullptr) {
    counter = new ResetCounter;
    SSL_set_ex_data(session, index, counter);
  }
  return *counter;
}

template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

void ReadTap::Watch(int descriptor, std::string owner, bool encrypted, const ReadLimits& limits) {
  if (!limits.on()) return;
  AllTaps().Put(descriptor, std::make_shared<ReadTap>(descriptor, std::move(owner), encrypted, limits));
}

ReadTap::ReadTap(int descriptor, std::string owner, bool encrypted, ReadLimits limits)
    : owner_(std::move(owner)), encrypted_(encrypted), cookie_(CookieOf(descriptor)), limits_(std::move(limits)) {}

bool ReadTap::IsOf(int descriptor) const { return CookieOf(descriptor) == cookie_; }

bool ReadTap::Count(int resets) {
  if (resets > 0 && !closed_ && limits_.resets->IsTooMany(owner_, resets, absl::Now())) closed_ = true;
  return !closed_;
}

bool ReadTap::CountBytes(int64_t bytes) {
  unreported_bytes_ += bytes;
  if (unreported_bytes_ < kReportedAtOnce) return !closed_;
  if (!closed_ && limits_.bytes->IsTooMany(owner_, unreported_bytes_, absl::Now())) closed_ = true;
  unreported_bytes_ = 0;
  return !closed_;
}

}  // namespace idiolect

extern "C" {

ssize_t recvmsg(int descriptor, msghdr* message, int flags) {
  static auto* const next = idiolect::Next<decltype(recvmsg)>("recvmsg");
  const ssize_t size = next(descriptor, message, flags);
  if (size <= 0 || (flags & (MSG_ERRQUEUE | MSG_PEEK)) != 0) return size;
  idiolect::last_read = idiolect::AllTaps().Find(descriptor);
  idiolect::ReadTap* const tap = idiolect::last_read.get();
  if (tap == nullptr) return size;
  const bool stays = tap->CountBytes(size);
  if (stays && (tap->encrypted() || idiolect::TakeAll(*tap, *message, static_cast<size_t>(size)))) return size;
  errno = ECONNRESET;
  return -1;
}

int SSL_read(SSL* session, void* bytes, int most) {
  static auto* const next = idiolect::Next<decltype(SSL_read)>("SSL_read");
  const int size = next(session, bytes, most);
  if (size <= 0 || idiolect::last_read == nullptr || SSL_is_server(session) == 0) return size;
  const std::string_view taken(static_cast<const char*>(bytes), static_cast<size_t>(size));
  const int resets = idiolect::CounterOf(session).Take(taken, absl::Now());
  return idiolect::last_read->Count(resets) ? size : -1;
}

}  // extern "C"
