#include "serve/tcp_listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

namespace idiolect {
namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

std::string WithoutBrackets(const std::string& host) {
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  return bracketed ? host.substr(1, host.size() - 2) : host;
}

absl::StatusOr<Addresses> Resolve(const std::string& address) {
  const size_t colon = address.rfind(':');
  const std::string host = WithoutBrackets(address.substr(0, colon)), port = address.substr(colon + 1);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.empty() ? nullptr : host.c_str(), port.c_str(), &hints, &found);
  if (error != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("listen: can't find the address ", address, ": ", gai_strerror(error)));
  }
  return Addresses(found, &freeaddrinfo);
}

int PortOf(int socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return 0;
  return ntohs(storage.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(storage).sin6_port
                                             : reinterpret_cast<sockaddr_in&>(storage).sin_port);
}

void SetPort(sockaddr* address, int port) {
  const auto network = htons(static_cast<uint16_t>(port));
  if (address->sa_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(address)->sin6_port = network;
  } else {
    reinterpret_cast<sockaddr_in*>(address)->sin_port = network;
  }
}

// Without SO_REUSEPORT, with which a second server would get half of the calls.
Descriptor Bind(const addrinfo& info) {
  Descriptor bound(socket(info.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1, off = 0;
  setsockopt(bound.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  // [::] is for IPv4, too, where it stands alone.
  if (info.ai_family == AF_INET6) {
    setsockopt(bound.get(), IPPROTO_IPV6, IPV6_V6ONLY, info.ai_next == nullptr ? &off : &on, sizeof(on));
  }
  const bool listens =
      bound.get() >= 0 && bind(bound.get(), info.ai_addr, info.ai_addrlen) == 0 && listen(bound.get(), SOMAXCONN) == 0;
  return listens ? std::move(bound) : Descriptor();
}

}  // namespace

Descriptor::~Descriptor() {
  if (value_ >= 0) close(value_);
}

Descriptor::Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(value_, other.value_);
  return *this;
}

absl::StatusOr<TcpListener> ListenOn(const std::string& address) {
  const absl::StatusOr<Addresses> addresses = Resolve(address);
  if (!addresses.ok()) return addresses.status();
  TcpListener listener;
  int error = 0;
  for (addrinfo* info = addresses->get(); info != nullptr; info = info->ai_next) {
    if (listener.port != 0) SetPort(info->ai_addr, listener.port);  // the same for all of them
    Descriptor bound = Bind(*info);
    if (bound.get() < 0) {
      error = errno;
      // A host may have an address of a family that this machine has not.
      if (error == EADDRNOTAVAIL || error == EAFNOSUPPORT) continue;
      break;
    }
    listener.port = PortOf(bound.get());
    listener.sockets.push_back(std::move(bound));
    error = 0;
  }
  if (!listener.sockets.empty() && error != EADDRINUSE) return listener;
  return absl::UnavailableError(absl::StrCat("can't listen on ", address, ": ", std::strerror(error)));
}

}  // namespace idiolect
