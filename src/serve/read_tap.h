// Sees what gRPC reads from a connection before gRPC does, and ends the connection where an AddressLimit wants it.
//
// gRPC 1.51 has no place for that: under a flood of resets its threads begin calls faster than they hand them on, so
// that whatever is asked once a call has arrived is asked too late, gigabytes later. So this program has a recvmsg and
// an SSL_read of its own, which libgrpc calls instead of those of the C library and OpenSSL, as with free() in
// cli/wiping_allocator.cc. They do what those do, and count.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "serve/address_limit.h"
#include "serve/reset_counter.h"

namespace idiolect {

// What an address may do in a second.
struct ReadLimits {
  std::shared_ptr<AddressLimit> resets;  // calls that are reset right after they were begun
  std::shared_ptr<AddressLimit> bytes;   // gRPC reads to their end messages that it has refused by their length

  bool on() const { return resets->on() || bytes->on(); }
  bool IsPutOff(const std::string& owner, absl::Time now) const {
    return resets->IsPutOff(owner, now) || bytes->IsPutOff(owner, now);
  }
};

class ReadTap {
 public:
  // The connection `descriptor`, from which nothing may have been read yet, is looked at from here on; over TLS the
  // frames are counted as they are decrypted. Does nothing where the limits are off.
  static void Watch(int descriptor, std::string owner, bool encrypted, const ReadLimits& limits);

  ReadTap(int descriptor, std::string owner, bool encrypted, ReadLimits limits);

  bool encrypted() const { return encrypted_; }
  // Whether the descriptor is this connection's still: once closed, its number may be another socket's.
  bool IsOf(int descriptor) const;
  // So much has been read, be it encrypted; false where the connection is to be ended.
  bool CountBytes(int64_t bytes);
  // What has been read, decrypted; the same.
  bool Take(std::string_view bytes) { return Count(counter_.Take(bytes, absl::Now())); }
  // Calls that were reset in it; the same.
  bool Count(int resets);

 private:
  const std::string owner_;
  const bool encrypted_;
  const uint64_t cookie_;  // by which the system tells sockets apart
  const ReadLimits limits_;
  ResetCounter counter_;
  int64_t unreported_bytes_ = 0;
  std::atomic<bool> closed_{false};
};

}  // namespace idiolect
