#include "serve/server.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "access/periodic.h"
#include "google/protobuf/stubs/logging.h"
#include "grpc/support/log.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/health_check_service_interface.h"
#include "serve/backend.h"
#include "serve/connection_acceptor.h"
#include "serve/connection_limits.h"
#include "serve/dialogue_service.h"
#include "serve/health.h"
#include "serve/history_service.h"
#include "serve/listener.h"
#include "serve/model_service.h"
#include "serve/profile_service.h"
#include "serve/protection.h"
#include "serve/store_watch.h"
#include "serve/tcp_listener.h"
#include "serve/unknown_methods.h"
#include "spdlog/spdlog.h"

namespace idiolect {
namespace {

// Settings that gRPC and protobuf keep for the whole process.
void PrepareProcess() {
  static const bool prepared = [] {
    RaiseDescriptorLimit();
    // Debian's abseil looks for cycles among locks at every locking, which gRPC pays for with some percent of its time.
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    // protobuf would write a line to stderr for every string of a client that is not UTF-8.
    google::protobuf::SetLogHandler(nullptr);
    // And gRPC one for every handshake that fails, so that any stranger could fill the disk.
    gpr_set_log_function([](gpr_log_func_args* line) { spdlog::debug("gRPC: {}", line->message); });
    return true;
  }();
  static_cast<void>(prepared);
}

// gRPC turns reflection on for all servers of a process that is linked with it.
class WithoutReflection final : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    std::erase_if(*plugins, [](const auto& plugin) { return plugin->name() == "proto_server_reflection"; });
  }
};

absl::Status CheckOptions(const ServerOptions& options) {
  if (options.store_threads < 1) return absl::InvalidArgumentError("store_threads: must be at least 1");
  if (options.max_store_queue < 1) return absl::InvalidArgumentError("max_store_queue: must be at least 1");
  if (options.listen_address.find(':') == std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat("listen_address: is no HOST:PORT: ", options.listen_address));
  }
  return CheckListener(options);
}

}  // namespace

class Server::Impl {
 public:
  Impl(const ServerOptions& options, std::unique_ptr<ModelHost> own_models, ModelHost& models, HistoryStore& store,
       Protection protection)
      : own_models_(std::move(own_models)),
        protection_(std::move(protection)),
        backend_(options, models, store, protection_.authenticator.get(), protection_.audit_log.get()),
        dialogue_(backend_),
        history_(backend_),
        profile_(backend_),
        model_(backend_),
        unknown_methods_(backend_.gate) {}
  ~Impl() { Shutdown(); }

  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options, std::unique_ptr<ModelHost> own,
                                                       ModelHost& models, HistoryStore& store);
  absl::Status Listen();
  int port() const { return port_; }
  const std::string& listen_address() const { return backend_.options.listen_address; }
  void StartDraining();
  void Shutdown();
  void Wait();

 private:
  absl::Status OpenPort(grpc::ServerBuilder& builder);
  bool Drain();

  const std::unique_ptr<ModelHost> own_models_;  // of a server with one engine
  const Protection protection_;
  Backend backend_;
  DialogueService dialogue_;
  HistoryService history_;
  ProfileService profile_;
  ModelService model_;
  UnknownMethods unknown_methods_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<ConnectionAcceptor> acceptor_;  // null for a unix socket
  std::optional<Health> health_;                  // while server_ is there
  std::optional<StoreWatch> store_watch_;         // the same
  std::optional<Periodic> stuck_watch_;           // the same

  std::mutex mutex_;
  std::condition_variable changed_;
  bool shutting_down_ = false, down_ = false;
};

absl::StatusOr<std::unique_ptr<Server>> Server::Impl::Start(const ServerOptions& options,
                                                            std::unique_ptr<ModelHost> own, ModelHost& models,
                                                            HistoryStore& store) {
  absl::Status status = CheckOptions(options);
  if (!status.ok()) return status;
  PrepareProcess();
  Protection protection;
  status = OpenProtection(options, protection);
  if (!status.ok()) return status;
  auto impl = std::make_unique<Impl>(options, std::move(own), models, store, std::move(protection));
  status = impl->Listen();
  if (!status.ok()) return status;
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

// TCP is accepted by ourselves, see ConnectionAcceptor; a unix socket is for this machine alone.
absl::Status Server::Impl::OpenPort(grpc::ServerBuilder& builder) {
  const ServerOptions& options = backend_.options;
  if (IsUnixSocket(listen_address())) {
    builder.AddListeningPort(listen_address(), protection_.Credentials());
    return absl::OkStatus();
  }
  absl::StatusOr<TcpListener> listener = ListenOn(listen_address());
  if (!listener.ok()) return listener.status();
  port_ = listener->port;
  auto sink = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, protection_.Credentials());
  acceptor_ = std::make_unique<ConnectionAcceptor>(
      *std::move(listener), std::move(sink),
      ConnectionAcceptor::Limits{
          .max_connections = options.max_connections,
          .silent = options.silent_connection,
          .read = {.resets = std::make_shared<AddressLimit>(options.max_resets_per_second, "calls reset",
                                                            [m = backend_.metrics] { m->OnClosedForResets(); }),
                   .bytes = std::make_shared<AddressLimit>(options.max_bytes_per_second, "bytes sent",
                                                           [m = backend_.metrics] { m->OnClosedForBytes(); })},
          .encrypted = options.tls.enabled()});
  return absl::OkStatus();
}

absl::Status Server::Impl::Listen() {
  grpc::ServerBuilder builder;
  if (absl::Status status = OpenPort(builder); !status.ok()) {
    down_ = true;
    return status;
  }
  LimitConnections(backend_.options, builder);
  for (grpc::Service* service : {static_cast<grpc::Service*>(&dialogue_), static_cast<grpc::Service*>(&history_),
                                 static_cast<grpc::Service*>(&profile_), static_cast<grpc::Service*>(&model_)}) {
    builder.RegisterService(service);
  }
  builder.RegisterCallbackGenericService(&unknown_methods_);
  // It would tell who has no key what there is; who has one, has the .proto files.
  if (backend_.gate.asks()) builder.SetOption(std::make_unique<WithoutReflection>());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    down_ = true;
    return absl::UnavailableError(absl::StrCat("can't listen on ", listen_address()));
  }
  if (acceptor_ != nullptr) acceptor_->Start();
  health_.emplace(*server_->GetHealthCheckService(), *backend_.metrics);
  store_watch_.emplace(backend_.store, *health_, backend_.options.store_check_interval);
  const absl::Duration stuck_limit = backend_.options.stuck_limit;
  stuck_watch_.emplace(stuck_limit / 10, [this, stuck_limit] { backend_.ledger.CancelStuck(stuck_limit); });
  spdlog::info("serving model {} on port {}", backend_.models.Current()->model_info().name, port_);
  return absl::OkStatus();
}

void Server::Impl::StartDraining() {
  backend_.ledger.StartDraining();
  health_->StartDraining();
}

// gRPC's own waiting would include health watches, which never end by themselves, and what it cuts off looks to clients
// like a broken connection; so the calls are waited for here, and those that outlive the limit are told. True when none
// did.
bool Server::Impl::Drain() {
  constexpr absl::Duration kToTellThem = absl::Seconds(2);
  if (backend_.ledger.AwaitIdle(backend_.options.drain_limit)) return true;
  backend_.ledger.CancelAll();
  backend_.ledger.AwaitIdle(kToTellThem);
  return false;
}

void Server::Impl::Shutdown() {
  {
    std::unique_lock lock(mutex_);
    if (down_) return;
    if (std::exchange(shutting_down_, true)) return changed_.wait(lock, [this] { return down_; });
  }
  const absl::Time start = absl::Now();
  StartDraining();
  const bool drained = Drain();
  store_watch_.reset();
  stuck_watch_.reset();
  if (acceptor_ != nullptr) acceptor_->Stop();
  server_->Shutdown(std::chrono::system_clock::now());
  backend_.ledger.AwaitIdle(absl::InfiniteDuration());
  spdlog::info("stopped serving after {:.1f} s{}", absl::ToDoubleSeconds(absl::Now() - start),
               drained ? "" : "; calls were cancelled");
  std::lock_guard lock(mutex_);
  down_ = true;
  changed_.notify_all();
}

void Server::Impl::Wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return down_; });
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options, ModelHost& models,
                                                      HistoryStore& store) {
  return Impl::Start(options, nullptr, models, store);
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options, Engine& engine,
                                                      HistoryStore& store) {
  auto models = std::make_unique<ModelHost>(engine);
  ModelHost& only = *models;
  return Impl::Start(options, std::move(models), only, store);
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

int Server::port() const { return impl_->port(); }

std::string Server::address() const {
  const std::string& listen = impl_->listen_address();
  if (listen.rfind("unix:", 0) == 0) return listen;
  return absl::StrCat(listen.substr(0, listen.rfind(':') + 1), impl_->port());
}

void Server::StartDraining() { impl_->StartDraining(); }
void Server::Shutdown() { impl_->Shutdown(); }
void Server::Wait() { impl_->Wait(); }

}  // namespace idiolect
