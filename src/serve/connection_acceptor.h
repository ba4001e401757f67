// Accepts connections for gRPC and bounds their number, which gRPC 1.51 can't do by itself.
//
// At the limit a new connection takes the place of one that has been silent for long, both ways; where there is none,
// it is closed at once. So neither can idle connections keep clients out, nor many clients those who are being served.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <memory>
#include <thread>
#include <unordered_map>

#include "absl/time/time.h"
#include "grpcpp/server_builder.h"
#include "serve/read_tap.h"
#include "serve/tcp_listener.h"

namespace idiolect {

class ConnectionAcceptor {
 public:
  using Sink = std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor>;

  struct Limits {
    int max_connections;
    absl::Duration silent;  // what was silent for so long may be closed for a new connection
    ReadLimits read;        // of an address
    bool encrypted;         // the connections will be
  };

  // `sink` belongs to a server that need not have been started yet.
  ConnectionAcceptor(TcpListener listener, Sink sink, Limits limits);
  ~ConnectionAcceptor();  // Stop
  ConnectionAcceptor(const ConnectionAcceptor&) = delete;
  ConnectionAcceptor& operator=(const ConnectionAcceptor&) = delete;

  int port() const { return listener_.port; }
  int count() const { return count_.load(std::memory_order_relaxed); }  // of open connections

  void Start();  // when the server has been started
  // No more connections are accepted; those that there are stay.
  void Stop();

 private:
  void Run();
  void AcceptAll(int listening_socket);
  void Take(Descriptor connection, const sockaddr_storage& peer, int listening_socket);
  bool HasRoom();
  void CloseSilent();
  void Drop(int watched);

  TcpListener listener_;
  const Sink sink_;
  const Limits limits_;
  const Descriptor epoll_, stop_;
  // A second descriptor of each connection, by which its end is noticed and its silence measured; gRPC has the first.
  std::unordered_map<int, Descriptor> watched_;
  std::atomic<int> count_{0};
  absl::Time last_search_ = absl::InfinitePast(), last_warning_ = absl::InfinitePast();
  std::thread thread_;
};

}  // namespace idiolect
