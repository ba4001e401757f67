// Who resets too many calls right after they were begun (CVE-2023-44487) is put off for a while: the connection is
// closed, and its address gets no other one.
#pragma once

#include <sys/socket.h>

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "absl/time/time.h"
#include "serve/log_limit.h"
#include "telemetry/metrics.h"

namespace idiolect {

// Thread-safe.
class ResetLimit {
 public:
  static constexpr absl::Duration kPutOff = absl::Seconds(10);

  // So many resets a second of one address are put up with; 0: any number.
  ResetLimit(int max_per_second, std::shared_ptr<Metrics> metrics)
      : max_per_second_(max_per_second), metrics_(std::move(metrics)) {}

  bool on() const { return max_per_second_ > 0; }

  // Who an address belongs to: an IPv6 network of 64 bits is one customer's.
  static std::string OwnerOf(const sockaddr_storage& address);

  // Of one connection of the owner; true where it has to be closed.
  bool IsTooMany(const std::string& owner, int resets, absl::Time now);

  bool IsPutOff(const std::string& owner, absl::Time now);

 private:
  struct Record {
    absl::Time second = absl::InfinitePast();  // when counting began
    int resets = 0;
    absl::Time put_off_until = absl::InfinitePast();
  };

  void Forget(absl::Time now);

  const int max_per_second_;
  const std::shared_ptr<Metrics> metrics_;
  std::mutex mutex_;
  std::unordered_map<std::string, Record> records_;
  absl::Time next_forgetting_ = absl::InfinitePast();
  LogLimit warnings_;
};

}  // namespace idiolect
