#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <ostream>
#include <thread>
#include <vector>

#include "cli/commands.h"
#include "cli/serve_settings.h"
#include "cli/settings_flags.h"
#include "cli/signals.h"
#include "cli/start_report.h"
#include "cli/store_flags.h"
#include "cli/wiping_allocator.h"
#include "serve/model_host.h"
#include "serve/server.h"
#include "store/open_store.h"

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
    if (models_ != nullptr) models_->Forget(user);
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
    if (settings_.wipe_memory) WipeFreedMemory();
    Signals signals;
    spdlog::set_default_logger(spdlog::stderr_color_mt("idiolect"));  // stdout is for what a script may read
    settings_.server.drain_limit = absl::Seconds(settings_.drain_seconds);
    settings_.server.idle_connection = absl::Seconds(settings_.idle_connection_seconds);
    settings_.server.handshake_limit = absl::Seconds(settings_.handshake_seconds);
    StoreOptions store_options;
    DeletionRelay relay;
    const absl::Status read = ReadStoreOptions(store_options);
    if (!read.ok()) return read;
    store_options.on_deletion = [&relay](const UserKey& user) { relay.Tell(user); };
    const auto store = OpenHistoryStore(settings_.store_url, store_options);
    if (!store.ok()) return store.status();
    ReportStore(settings_, console.out);
    const auto options = settings_.engine.ToOptions();
    if (!options.ok()) return options.status();
    const auto models = ModelHost::Start(
        settings_.model_dir, [options = *options](const std::string& dir) { return StartEngine(dir, options); });
    if (!models.ok()) return models.status();
    const ModelInfo& model = (*models)->Current()->model_info();
    ReportModel(model, console.out);
    ReportEngine(*options, model, console.out);
    relay.Connect(**models);
    const auto server = Server::Start(settings_.server, **models, **store);
    if (!server.ok()) return server.status();
    console.out << "listening on " << (*server)->address() << std::endl;
    signals.Await([&models] { static_cast<void>((*models)->Load((*models)->model_dir())); });
    (*server)->Shutdown();
    relay.Disconnect();
    return absl::OkStatus();
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
