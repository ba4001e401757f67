// The gRPC server of proto/idiolect/v1: four services over a model and a store, health checking and reflection.
//
//   auto server = Server::Start(options, *models, *store);
//   std::cout << "listening on " << (*server)->address() << std::endl;
//   (*server)->Wait();    // another thread calls Shutdown, on SIGTERM for instance
//
// A call's way: a gRPC thread parses and validates it, a store thread reads or writes the history, the engine's thread
// answers, and whichever of them ends the call hands the answer back to gRPC. No gRPC thread ever waits.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "idiolect/engine.h"
#include "idiolect/history_store.h"
#include "serve/model_host.h"
#include "serve/server_options.h"

namespace idiolect {

class Server {
 public:
  // Listening when it returns. `models` and `store` must outlive the server. kUnavailable when the address is taken,
  // kInvalidArgument when it is none.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options, ModelHost& models,
                                                       HistoryStore& store);
  // The same with one engine for good.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options, Engine& engine,
                                                       HistoryStore& store);
  ~Server();  // Shutdown, if nobody has called it
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int port() const;             // 0 for a unix socket
  std::string address() const;  // the listen address with the actual port

  // Health turns NOT_SERVING and new calls are refused with UNAVAILABLE; calls in flight go on. Returns at once.
  void StartDraining();

  // Drains for at most ServerOptions::drain_limit, then cancels what is left. When it returns, no call is in flight any
  // more. Any thread, any number of times; not from a signal handler.
  void Shutdown();

  // Returns when a Shutdown is complete.
  void Wait();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace idiolect
