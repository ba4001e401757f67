#include "serve/connection_acceptor.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "serve/read_tap.h"
#include "spdlog/spdlog.h"

namespace idiolect {
namespace {

// Looking for silent ones takes a system call each, and is not done for every connection of a flood.
constexpr absl::Duration kSearchEvery = absl::Milliseconds(100);
constexpr absl::Duration kWarnEvery = absl::Seconds(10);
constexpr absl::Duration kPauseWithoutDescriptors = absl::Milliseconds(50);

void Watch(int epoll, int descriptor, uint32_t events) {
  epoll_event event{.events = events, .data = {.fd = descriptor}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

// Since when nothing has come or gone.
absl::Duration SilenceOf(int connection) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (getsockopt(connection, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return absl::ZeroDuration();
  return absl::Milliseconds(std::min(info.tcpi_last_data_recv, info.tcpi_last_data_sent));
}

}  // namespace

ConnectionAcceptor::ConnectionAcceptor(TcpListener listener, Sink sink, Limits limits)
    : listener_(std::move(listener)),
      sink_(std::move(sink)),
      limits_(std::move(limits)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      stop_(eventfd(0, EFD_CLOEXEC)) {
  for (const Descriptor& socket : listener_.sockets) Watch(epoll_.get(), socket.get(), EPOLLIN);
  Watch(epoll_.get(), stop_.get(), EPOLLIN);
}

ConnectionAcceptor::~ConnectionAcceptor() { Stop(); }

void ConnectionAcceptor::Start() {
  thread_ = std::thread([this] { Run(); });
}

void ConnectionAcceptor::Stop() {
  eventfd_write(stop_.get(), 1);
  if (thread_.joinable()) thread_.join();
  listener_.sockets.clear();
  watched_.clear();
}

void ConnectionAcceptor::Run() {
  std::array<epoll_event, 64> events;
  for (;;) {
    const int ready = epoll_wait(epoll_.get(), events.data(), events.size(), -1);
    const auto end = events.begin() + std::max(ready, 0);
    if (std::any_of(events.begin(), end, [this](const auto& event) { return event.data.fd == stop_.get(); })) return;
    // Those that have ended first: accepting may close others, and give their numbers to new ones.
    const auto accepts = std::stable_partition(
        events.begin(), end, [this](const epoll_event& event) { return watched_.contains(event.data.fd); });
    std::for_each(events.begin(), accepts, [this](const epoll_event& event) { Drop(event.data.fd); });
    std::for_each(accepts, end, [this](const epoll_event& event) { AcceptAll(event.data.fd); });
  }
}

void ConnectionAcceptor::AcceptAll(int listening_socket) {
  for (;;) {
    sockaddr_storage peer{};
    socklen_t size = sizeof(peer);
    Descriptor connection(
        accept4(listening_socket, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (connection.get() >= 0) {
      Take(std::move(connection), peer, listening_socket);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      // The socket stays ready; without a pause this would be a busy loop until a connection ends.
      CloseSilent();
      absl::SleepFor(kPauseWithoutDescriptors);
      return;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return;
    }
  }
}

void ConnectionAcceptor::Take(Descriptor connection, const sockaddr_storage& peer, int listening_socket) {
  std::string owner = AddressLimit::OwnerOf(peer);
  if (limits_.read.IsPutOff(owner, absl::Now()) || !HasRoom()) return;
  Descriptor watch(fcntl(connection.get(), F_DUPFD_CLOEXEC, 0));
  if (watch.get() < 0) return;
  const int on = 1;
  setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  Watch(epoll_.get(), watch.get(), 0);  // hanging up is always reported
  const int key = watch.get();
  watched_.emplace(key, std::move(watch));
  count_.fetch_add(1, std::memory_order_relaxed);
  ReadTap::Watch(connection.get(), std::move(owner), limits_.encrypted, limits_.read);
  grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
  parameters.listener_fd = listening_socket;
  parameters.fd = connection.Release();
  sink_->HandleNewConnection(&parameters);
}

bool ConnectionAcceptor::HasRoom() {
  if (count() < limits_.max_connections) return true;
  CloseSilent();
  return count() < limits_.max_connections;
}

// Those that have been silent for longest, a tenth of all at most.
void ConnectionAcceptor::CloseSilent() {
  const absl::Time now = absl::Now();
  if (now - last_search_ < kSearchEvery) return;
  last_search_ = now;
  std::vector<std::pair<absl::Duration, int>> silent;
  for (const auto& [descriptor, watch] : watched_) {
    const absl::Duration silence = SilenceOf(descriptor);
    if (silence >= limits_.silent) silent.emplace_back(silence, descriptor);
  }
  const size_t most = std::min(silent.size(), static_cast<size_t>(limits_.max_connections) / 10 + 1);
  std::partial_sort(silent.begin(), silent.begin() + static_cast<ptrdiff_t>(most), silent.end(), std::greater<>());
  for (size_t i = 0; i < most; ++i) {
    shutdown(silent[i].second, SHUT_RDWR);  // gRPC sees the end and lets go of it
    Drop(silent[i].second);
  }
  if (now - last_warning_ < kWarnEvery) return;
  last_warning_ = now;
  spdlog::warn("all {} connections are taken: silent ones are closed, or else new ones", limits_.max_connections);
}

void ConnectionAcceptor::Drop(int watched) {
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, watched, nullptr);
  watched_.erase(watched);
  count_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace idiolect
