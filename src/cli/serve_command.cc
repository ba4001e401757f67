#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <ostream>
#include <thread>
#include <vector>

#include "cli/commands.h"
#include "cli/scheduling.h"
#include "cli/serve_settings.h"
#include "cli/settings_flags.h"
#include "cli/signals.h"
#include "cli/start_report.h"
#include "cli/store_flags.h"
#include "cli/wiping_allocator.h"
#include "idiolect/engine_observer.h"
#include "serve/model_host.h"
#include "serve/server.h"
#include "store/open_store.h"
#include "telemetry/log.h"
#include "telemetry/metrics_server.h"
#include "telemetry/observed_store.h"
#include "telemetry/span_exporter.h"

namespace idiolect {
namespace {

constexpr char kTeaching[] = R"(Example:
  $ idiolect serve --model models/idiolect-small --store sqlite:idiolect.db --listen 127.0.0.1:50051
  listening on 127.0.0.1:50051

Serves replies, rankings, histories and profiles over gRPC (proto/idiolect/v1) until SIGTERM or Ctrl-C, which let calls in
flight finish. SIGHUP loads the model directory anew while calls go on. The store is created when it is absent; `memory:`
keeps nothing beyond the process. Without more only this machine is served, in the clear, and nobody is asked who they are;
for others see docs/security.md.

Each setting is a flag (--max-queue 10), a variable of the environment (IDIOLECT_MAX_QUEUE=10) and a line of the --config
file (max_queue = 10); flags overrule the environment, which overrules the file. --example-config prints such a file.
)";

// Carries the news of the store's own deletions to the engines, which are started after the store and go before it.
class DeletionRelay {
 public:
  void Connect(ModelHost& models) { Set(&models); }
  void Disconnect() { Set(nullptr); }
  void Tell(const UserKey& user) {
    const std::lock_guard lock(mutex_);
    if (models_ != nullptr) models_->Erased(user);
  }

 private:
  void Set(ModelHost* models) {
    const std::lock_guard lock(mutex_);
    models_ = models;
  }
  std::mutex mutex_;
  ModelHost* models_ = nullptr;
};

class ServeCommand : public Command {
 public:
  VerbText text() const override { return {"serve", kServeGroup, "Serve a model and a store over gRPC", kTeaching}; }
  bool computes() const override { return true; }

  void AddOptions(CLI::App& verb) override {
    verb.add_option("--config", config_file_, "TOML file with settings, which the environment and flags overrule")
        ->envname("IDIOLECT_CONFIG")
        ->option_text("PATH");
    verb.add_flag("--print-config", print_config_, "Print every setting and where its value came from, and end");
    verb.add_flag("--example-config", example_config_, "Print a file for --config with all settings, and end");
    settings_.AddTo(table_);
    flags_.AddTo(verb, table_);
  }

  absl::Status Run(Console& console) override {
    if (example_config_) {
      table_.PrintExample(console.out);
      return absl::OkStatus();
    }
    if (absl::Status status = ReadSettings(console); !status.ok()) return status;
    if (print_config_) {
      table_.Print(console.out);
      return absl::OkStatus();
    }
    if (absl::Status status = settings_.Check(); !status.ok()) return status;
    return Serve(console);
  }

 private:
  // File, environment, flags: whoever comes later has the last word.
  absl::Status ReadSettings(Console& console) {
    absl::Status status = config_file_.empty() ? absl::OkStatus() : table_.ReadFile(config_file_);
    if (status.ok()) status = table_.ReadEnvironment([](const char* name) { return std::getenv(name); });
    if (status.ok()) status = flags_.Apply();
    for (const auto& [name, meant] : table_.Misspelt(environ)) {
      console.err << name << " is no setting; " << meant << " is" << std::endl;
    }
    return status;
  }

  absl::Status Serve(Console& console) {
    if (settings_.engine.batch_scheduling()) PreferThroughput();
    if (settings_.wipe_memory) WipeFreedMemory();
    Signals signals;
    if (absl::Status s = StartLog(settings_.observe.log_format, settings_.observe.log_level); !s.ok()) return s;
    const auto metrics = std::make_shared<Metrics>();
    settings_.server.metrics = metrics;
    settings_.ConvertTimes();
    DeletionRelay relay;
    const auto store = OpenStore(relay, *metrics, console.out);
    if (!store.ok()) return store.status();
    const auto models = StartModels(metrics, console.out);
    if (!models.ok()) return models.status();
    relay.Connect(**models);
    metrics->WatchEngine([&models] { return (*models)->Current()->stats(); },
                         [&models] { return (*models)->Current()->model_info(); });
    const auto metrics_server = StartMetricsServer(*metrics, console.out);
    if (!metrics_server.ok()) return metrics_server.status();
    StartTraces(metrics, console.out);
    const auto server = Server::Start(settings_.server, **models, **store);
    if (!server.ok()) return server.status();
    ReportProtection(settings_.server, console.out);
    console.out << "listening on " << (*server)->address() << std::endl;
    signals.Await([&models] { static_cast<void>((*models)->Load((*models)->model_dir())); });
    (*server)->Shutdown();
    settings_.server.tracing = {};
    relay.Disconnect();
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<HistoryStore>> OpenStore(DeletionRelay& relay, Metrics& metrics,
                                                          std::ostream& out) const {
    StoreOptions options;
    if (absl::Status status = ReadStoreOptions(options); !status.ok()) return status;
    options.on_deletion = [&relay](const UserKey& user) { relay.Tell(user); };
    auto store = OpenHistoryStore(settings_.store_url, options);
    if (!store.ok()) return store;
    ReportStore(settings_, out);
    return ObserveStore(*std::move(store), metrics);
  }

  absl::StatusOr<std::unique_ptr<ModelHost>> StartModels(const std::shared_ptr<Metrics>& metrics,
                                                         std::ostream& out) const {
    auto options = settings_.engine.ToOptions();
    if (!options.ok()) return options.status();
    auto models = ModelHost::Start(
        settings_.model_dir,
        [options = *options, metrics](const std::string& dir) { return StartEngine(dir, options, *metrics); }, metrics);
    if (!models.ok()) return models;
    const ModelHost::Lease engine = (*models)->Current();
    ReportModel(engine->model_info(), out);
    ReportEngine(*options, engine->model_info(), out);
    return models;
  }

  void StartTraces(const std::shared_ptr<Metrics>& metrics, std::ostream& out) {
    const std::string& endpoint = settings_.observe.trace_endpoint;
    out << "traces " << (endpoint.empty() ? "none" : "to " + endpoint) << std::endl;
    if (endpoint.empty()) return;
    settings_.server.tracing = {std::make_shared<SpanExporter>(endpoint, IDIOLECT_VERSION, metrics),
                                settings_.observe.trace_share};
  }

  // Null where the settings want none.
  absl::StatusOr<std::unique_ptr<MetricsServer>> StartMetricsServer(const Metrics& metrics, std::ostream& out) const {
    const std::string& address = settings_.observe.metrics_listen;
    if (address.empty()) {
      out << "metrics none" << std::endl;
      return std::unique_ptr<MetricsServer>();
    }
    auto server = MetricsServer::Start(address, metrics);
    if (server.ok()) out << "metrics on http://" << (*server)->address() << "/metrics" << std::endl;
    return server;
  }

  absl::Status ReadStoreOptions(StoreOptions& options) const {
    const absl::Status vault = settings_.FindVault(options.vault);
    if (!vault.ok()) return vault;
    options.max_exchanges_per_user = settings_.max_history;
    options.unsafe_lose_power_cuts = settings_.unsafe_lose_power_cuts;
    return ParseTimesToLive(settings_.ttl_days, options.time_to_live);
  }

  std::string config_file_;
  bool print_config_ = false, example_config_ = false;
  ServeSettings settings_;
  Settings table_;
  SettingsFlags flags_;
};

}  // namespace

std::unique_ptr<Command> MakeServeCommand() { return std::make_unique<ServeCommand>(); }

}  // namespace idiolect
