#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <ostream>
#include <thread>

#include "cli/commands.h"
#include "serve/server.h"

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

class ServeCommand : public Command {
 public:
  VerbText text() const override { return {"serve", kServeGroup, "Serve a model and a store over gRPC", kTeaching}; }
  bool computes() const override { return true; }

  void AddOptions(CLI::App& verb) override {
    verb.add_option("--model", model_dir_, "Model directory")->required();
    verb.add_option("--store", store_url_, "Where histories live: sqlite:PATH or memory:")->required();
    verb.add_option("--listen", server_.listen_address, "Address; port 0 takes a free one")->capture_default_str();
    verb.add_option("--max-queue", engine_.max_queue, "Requests that may wait for the engine")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    verb.add_option("--max-batch-rows", engine_.max_batch_rows, "Candidates and beams decoded in turn")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    verb.add_option("--profile-cache-mib", cache_mib_, "Memory for users' profiles")
        ->capture_default_str()
        ->check(CLI::Range(0, 1 << 20));
    verb.add_option("--drain-seconds", drain_seconds_, "How long calls in flight may go on at the end")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
  }

  absl::Status Run(Console& console) override {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);                    // before any thread starts: they inherit it
    spdlog::set_default_logger(spdlog::stderr_color_mt("idiolect"));  // stdout is for what a script may read
    engine_.profile_cache_bytes = cache_mib_ << 20;
    server_.drain_limit = absl::Seconds(drain_seconds_);
    const auto store = OpenHistoryStore(store_url_);
    if (!store.ok()) return store.status();
    const auto engine = StartEngine(model_dir_, engine_);
    if (!engine.ok()) return engine.status();
    const auto server = Server::Start(server_, **engine, **store);
    if (!server.ok()) return server.status();
    const ModelInfo& model = (*engine)->model_info();
    console.out << "model " << model.name << ", " << model.parameter_count << " parameters, " << model.precision
                << " on " << model.device << "\n"
                << "store " << store_url_ << "\nlistening on " << (*server)->address() << std::endl;
    WaitForStop(signals);
    (*server)->Shutdown();
    return absl::OkStatus();
  }

 private:
  std::string model_dir_, store_url_;
  ServerOptions server_;
  EngineOptions engine_;
  int64_t cache_mib_ = 256;
  double drain_seconds_ = 20;
};

}  // namespace

std::unique_ptr<Command> MakeServeCommand() { return std::make_unique<ServeCommand>(); }

}  // namespace idiolect
