// The listening sockets of an address HOST:PORT.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace idiolect {

// A file descriptor that is closed at the end.
class Descriptor {
 public:
  explicit Descriptor(int value = -1) : value_(value) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  int get() const { return value_; }
  int Release() { return std::exchange(value_, -1); }  // to be closed by somebody else

 private:
  int value_;
};

struct TcpListener {
  std::vector<Descriptor> sockets;  // one for each address that the host has, not blocking
  int port = 0;
};

// kInvalidArgument where the host is unknown or the port none, kUnavailable where the address is taken. Port 0 takes a
// free one.
absl::StatusOr<TcpListener> ListenOn(const std::string& address);

}  // namespace idiolect
