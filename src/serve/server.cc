#include "serve/server.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "google/protobuf/stubs/logging.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/health_check_service_interface.h"
#include "serve/backend.h"
#include "serve/dialogue_service.h"
#include "serve/health.h"
#include "serve/history_service.h"
#include "serve/model_service.h"
#include "serve/profile_service.h"
#include "serve/store_watch.h"
#include "spdlog/spdlog.h"

namespace idiolect {
namespace {

// Settings that gRPC and protobuf keep for the whole process.
void PrepareProcess() {
  static const bool prepared = [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    // protobuf would write a line to stderr for every string of a client that is not UTF-8.
    google::protobuf::SetLogHandler(nullptr);
    return true;
  }();
  static_cast<void>(prepared);
}

absl::Status CheckOptions(const ServerOptions& options) {
  if (options.store_threads < 1) return absl::InvalidArgumentError("store_threads: must be at least 1");
  if (options.max_store_queue < 1) return absl::InvalidArgumentError("max_store_queue: must be at least 1");
  if (options.listen_address.find(':') == std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat("listen_address: is no HOST:PORT: ", options.listen_address));
  }
  return absl::OkStatus();
}

}  // namespace

class Server::Impl {
 public:
  Impl(const ServerOptions& options, std::unique_ptr<ModelHost> own_models, ModelHost& models, HistoryStore& store)
      : own_models_(std::move(own_models)),
        backend_(options, models, store),
        dialogue_(backend_),
        history_(backend_),
        profile_(backend_),
        model_(backend_) {}
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
  bool Drain();

  const std::unique_ptr<ModelHost> own_models_;  // of a server with one engine
  Backend backend_;
  DialogueService dialogue_;
  HistoryService history_;
  ProfileService profile_;
  ModelService model_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::optional<Health> health_;           // while server_ is there
  std::optional<StoreWatch> store_watch_;  // the same

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
  auto impl = std::make_unique<Impl>(options, std::move(own), models, store);
  status = impl->Listen();
  if (!status.ok()) return status;
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

absl::Status Server::Impl::Listen() {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(listen_address(), grpc::InsecureServerCredentials(), &port_);
  // gRPC would let a second server listen on the same port and get half of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetMaxReceiveMessageSize(backend_.options.max_message_bytes);
  for (grpc::Service* service : {static_cast<grpc::Service*>(&dialogue_), static_cast<grpc::Service*>(&history_),
                                 static_cast<grpc::Service*>(&profile_), static_cast<grpc::Service*>(&model_)}) {
    builder.RegisterService(service);
  }
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    down_ = true;
    return absl::UnavailableError(absl::StrCat("can't listen on ", listen_address()));
  }
  health_.emplace(*server_->GetHealthCheckService());
  store_watch_.emplace(backend_.store, *health_, backend_.options.store_check_interval);
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
