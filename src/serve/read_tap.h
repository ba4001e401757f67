// Sees what gRPC reads from a connection before gRPC does, and ends the connection where the ResetLimit wants it.
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

#include "absl/time/time.h"
#include "serve/reset_counter.h"
#include "serve/reset_limit.h"

namespace idiolect {

class ReadTap {
 public:
  // The connection `descriptor`, from which nothing may have been read yet, is looked at from here on; over TLS the
  // frames are counted as they are decrypted. Does nothing where the limit is off.
  static void Watch(int descriptor, std::string owner, bool encrypted, std::shared_ptr<ResetLimit> limit);

  ReadTap(int descriptor, std::string owner, bool encrypted, std::shared_ptr<ResetLimit> limit);

  bool encrypted() const { return encrypted_; }
  // Whether the descriptor is this connection's still: once closed, its number may be another socket's.
  bool IsOf(int descriptor) const;
  // What has been read; false where the connection is to be ended.
  bool Take(std::string_view bytes) { return Count(counter_.Take(bytes, absl::Now())); }
  // Calls that were reset in what has been read; the same.
  bool Count(int resets);

 private:
  const std::string owner_;
  const bool encrypted_;
  const uint64_t cookie_;  // by which the system tells sockets apart
  const std::shared_ptr<ResetLimit> limit_;
  ResetCounter counter_;
  std::atomic<bool> closed_{false};
};

}  // namespace idiolect
