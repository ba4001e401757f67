#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <mutex>
#include <ostream>
#include <thread>
#include <vector>

#include "cli/commands.h"
#include "cli/engine_flags.h"
#include "cli/store_flags.h"
#include "cli/wiping_allocator.h"
#include "serve/server.h"
#include "store/open_store.h"

namespace idiolect {
namespace {

constexpr char kTeaching[] = R"(Example:
  $ idiolect serve --model models/idiolect-small --store sqlite:idiolect.db --listen 127.0.0.1:50051
  listening on 127.0.0.1:50051

Serves replies, rankings, histories and profiles over gRPC (proto/idiolect/v1) until SIGTERM or Ctrl-C, which let calls in
flight finish. The store is created when it is absent; `memory:` keeps nothing beyond the process. Nothing is encrypted
and nobody is asked who they are: keep the address on this machine, or behind something that does both.
)";

// Waits for a signal that asks the process to end. The signals must be blocked in every thread.
void WaitForStop(const sigset_t& signals) {
  int signal = 0;
  sigwait(&signals, &signal);
  spdlog::info("{} received, draining", signal == SIGTERM ? "SIGTERM" : "SIGINT");
}

// Carries the news of the store's own deletions to the engine, which is started after the store and goes before it.
class DeletionRelay {
 public:
  void Connect(Engine& engine) { Set(&engine); }
  void Disconnect() { Set(nullptr); }
  void Tell(const UserKey& user) {
    const std::lock_guard lock(mutex_);
    if (engine_ != nullptr) engine_->Forget(user);
  }

 private:
  void Set(Engine* engine) {
    const std::lock_guard lock(mutex_);
    engine_ = engine;
  }
  std::mutex mutex_;
  Engine* engine_ = nullptr;
};

class ServeCommand : public Command {
 public:
  VerbText text() const override { return {"serve", kServeGroup, "Serve a model and a store over gRPC", kTeaching}; }
  bool computes() const override { return true; }

  void AddOptions(CLI::App& verb) override {
    verb.add_option("--model", model_dir_, "Model directory")->required();
    verb.add_option("--store", store_url_, "Where histories live: sqlite:PATH or memory:")->required();
    verb.add_option("--listen", server_.listen_address, "Address; port 0 takes a free one")->capture_default_str();
    engine_.AddTo(verb);
    verb.add_option("--master-key-file", master_key_file_,
                    "Encrypt texts at rest under this key; else IDIOLECT_MASTER_KEY, where it is set")
        ->option_text("PATH");
    verb.add_option("--ttl-days", ttl_days_, "Delete exchanges older than that, or those of one tenant")
        ->option_text("[TENANT=]DAYS ...");
    verb.add_option("--max-history-per-user", max_history_, "Delete the first exchanges of longer histories; 0: none")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
    verb.add_flag("--wipe-memory,!--no-wipe-memory", wipe_memory_,
                  "Overwrite memory that is freed, so that no text stays behind (the default)");
    verb.add_flag("--unsafe-lose-power-cuts", unsafe_lose_power_cuts_)->group("");  // for scripts/check-power-cuts
    verb.add_option("--drain-seconds", drain_seconds_, "How long calls in flight may go on at the end")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
  }

  absl::Status Run(Console& console) override {
    if (wipe_memory_) WipeFreedMemory();
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);                    // before any thread starts: they inherit it
    spdlog::set_default_logger(spdlog::stderr_color_mt("idiolect"));  // stdout is for what a script may read
    server_.drain_limit = absl::Seconds(drain_seconds_);
    StoreOptions store_options;
    DeletionRelay relay;
    const absl::Status read = ReadStoreOptions(store_options);
    if (!read.ok()) return read;
    store_options.on_deletion = [&relay](const UserKey& user) { relay.Tell(user); };
    const auto store = OpenHistoryStore(store_url_, store_options);
    if (!store.ok()) return store.status();
    const auto options = engine_.ToOptions();
    if (!options.ok()) return options.status();
    const auto engine = StartEngine(model_dir_, *options);
    if (!engine.ok()) return engine.status();
    relay.Connect(**engine);
    const auto server = Server::Start(server_, **engine, **store);
    if (!server.ok()) return server.status();
    const ModelInfo& model = (*engine)->model_info();
    console.out << "model " << model.name << ", " << model.parameter_count << " parameters, " << model.precision
                << " on " << model.device << "\n"
                << "store " << store_url_ << "\nlistening on " << (*server)->address() << std::endl;
    WaitForStop(signals);
    (*server)->Shutdown();
    relay.Disconnect();
    return absl::OkStatus();
  }

 private:
  absl::Status ReadStoreOptions(StoreOptions& options) const {
    const absl::Status vault = FindVault(master_key_file_, options.vault);
    if (!vault.ok()) return vault;
    options.max_exchanges_per_user = max_history_;
    options.unsafe_lose_power_cuts = unsafe_lose_power_cuts_;
    return ParseTimesToLive(ttl_days_, options.time_to_live);
  }

  std::string model_dir_, store_url_, master_key_file_;
  std::vector<std::string> ttl_days_;
  int64_t max_history_ = 0;
  bool wipe_memory_ = true, unsafe_lose_power_cuts_ = false;
  ServerOptions server_;
  EngineFlags engine_;
  double drain_seconds_ = 20;
};

}  // namespace

std::unique_ptr<Command> MakeServeCommand() { return std::make_unique<ServeCommand>(); }

}  // namespace idiolect
