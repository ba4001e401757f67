// Who does too much of something in a second is put off for a while: the connection is closed, and its address gets no
// other one. Of calls that are reset right after they were begun (CVE-2023-44487), and of bytes.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>

#include "absl/time/time.h"
#include "serve/log_limit.h"

namespace idiolect {

// Thread-safe.
class AddressLimit {
 public:
  static constexpr absl::Duration kPutOff = absl::Seconds(10);

  // So many a second of one address are put up with; 0: any number. `what` is said in the log, as in "calls reset";
  // `on_closed` is called, from any thread, for each connection that is closed.
  AddressLimit(int64_t max_per_second, std::string what, std::function<void()> on_closed)
      : max_per_second_(max_per_second), what_(std::move(what)), on_closed_(std::move(on_closed)) {}

  bool on() const { return max_per_second_ > 0; }

  // Who an address belongs to: an IPv6 network of 64 bits is one customer's.
  static std::string OwnerOf(const sockaddr_storage& address);

  // Of one connection of the owner; true where it has to be closed.
  bool IsTooMany(const std::string& owner, int64_t more, absl::Time now);

  bool IsPutOff(const std::string& owner, absl::Time now);

 private:
  struct Record {
    absl::Time second = absl::InfinitePast();  // when counting began
    int64_t count = 0;
    absl::Time put_off_until = absl::InfinitePast();
  };

  void Forget(absl::Time now);

  const int64_t max_per_second_;
  const std::string what_;
  const std::function<void()> on_closed_;
  std::mutex mutex_;
  std::unordered_map<std::string, Record> records_;
  absl::Time next_forgetting_ = absl::InfinitePast();
  LogLimit warnings_;
};

}  // namespace idiolect
