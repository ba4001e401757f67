#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/load.h"
#include "bench/percentiles.h"
#include "bench/random_model.h"
#include "bench/report.h"
#include "cli/client_channel.h"
#include "cli/commands.h"
#include "cli/engine_flags.h"
#include "cli/scheduling.h"
#include "cli/settings_flags.h"
#include "idiolect/history_store.h"
#include "serve/server.h"
#include "spdlog/sinks/stdout_color_sinks.h"
#include "spdlog/spdlog.h"
#include "text/synthetic_tokenizer.h"

namespace idiolect {
namespace {

constexpr char kTeaching[] = R"(Example:
  $ idiolect bench --model models/idiolect-small --concurrency 64 --grpc

Loads an engine in this process (--model or --random-weights), the same behind a server of its own (--grpc), or a server
that runs elsewhere (--server ADDRESS), and says how many replies a second came, how long they took, and what the batch
looked like. A closed loop keeps --concurrency requests in flight; --rate sends them at the moments of a Poisson process
instead, and then latency counts from the moment at which a request was due. --find-capacity searches the highest rate
that the target sustains, and loads it with 80 % and with five times of that.
)";

// stdout is for the report.
void LogToStderr() {
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("idiolect", std::make_shared<spdlog::sinks::stderr_color_sink_mt>()));
}

// A folder that goes with the program, made where it is needed: every verb has a BenchCommand, and the new start of
// loading_environment.h destroys nothing.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string path = (std::filesystem::temp_directory_path() / "idiolect-bench-XXXXXX").string();
    if (mkdtemp(path.data()) != nullptr) path_ = path;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class BenchCommand : public Command {
 public:
  VerbText text() const override {
    return {"bench", kResearchGroup, "Measure throughput and latency of a model or a server", kTeaching};
  }
  bool computes() const override { return true; }

  void AddOptions(CLI::App& verb) override {
    auto* model = verb.add_option("--model", model_dir_, "Model directory to load in this process");
    auto* random = verb.add_option("--random-weights", config_path_, "config.json of a model that is made up instead");
    auto* server = verb.add_option("--server", server_.address, "Address of a server to be loaded as it is");
    AddChannelOptions(verb, server_);
    model->excludes(random)->excludes(server);
    random->excludes(server);
    verb.add_flag("--grpc", grpc_, "Put a server of its own on loopback between, with a store")->excludes(server);
    verb.add_option("--store", store_url_, "Where that server keeps histories")->capture_default_str();
    engine_.AddTo(settings_);
    flags_.AddTo(verb, settings_);
    AddWorkloadOptions(verb);
    AddLoadOptions(verb);
    verb.add_flag("--json", json_, "One JSON object instead of a table");
  }

  absl::Status Run(Console& console) override {
    if (absl::Status s = flags_.Apply(); !s.ok()) return s;
    if (model_dir_.empty() + config_path_.empty() + server_.address.empty() != 2)
      return absl::InvalidArgumentError("--model, --random-weights, --server: expected one of them");
    if (ask_.stream && !grpc_ && server_.address.empty())
      return absl::InvalidArgumentError("--stream: is measured over gRPC; add --grpc, or name a --server");
    load_.warm = !cold_;
    ask_.timeout = deadline_ms_ > 0 ? absl::Milliseconds(deadline_ms_) : absl::InfiniteDuration();
    if (absl::Status s = Prepare(); !s.ok()) return s;
    nlohmann::ordered_json json = Describe();
    const LoadResult result = RunLoad(*target_, *workload_, load_);
    json.update(ToJson(result));
    if (!json_) PrintTable(result, console.out);
    if (find_capacity_) json["capacity"] = FindCapacity(console);
    if (json_) console.out << json.dump() << std::endl;
    return result.total_ms.empty() ? absl::UnavailableError("no request was answered") : absl::OkStatus();
  }

 private:
  void AddWorkloadOptions(CLI::App& verb) {
    verb.add_option("--data", data_, "Real histories: JSONL or TSV, as for `idiolect import`")
        ->check(CLI::ExistingFile);
    verb.add_option("--users", users_, "Users")->capture_default_str()->check(CLI::PositiveNumber);
    verb.add_option("--history", history_, "Made-up exchanges of each user; by default the model's window")
        ->check(CLI::Range(0, 100000));
    verb.add_option("--temperature", ask_.decoding.temperature, "0 is greedy")->capture_default_str();
    verb.add_option("--top-p", ask_.decoding.top_p, "Nucleus")->capture_default_str();
    verb.add_option("--top-k", ask_.decoding.top_k, "0: all")->capture_default_str();
    verb.add_option("--max-tokens", ask_.decoding.max_tokens, "Of a reply; 0: the model's maximum")
        ->capture_default_str();
    verb.add_option("--beam-size", ask_.decoding.beam_size, "Above 1: beam search, with --temperature 0")
        ->capture_default_str();
    verb.add_option("--guidance", ask_.decoding.guidance, "0 to 5: two rows of the batch a reply")
        ->capture_default_str();
    verb.add_option("--word-guidance", ask_.decoding.word_guidance, "0 to 5: the users' own words")
        ->capture_default_str();
    verb.add_option("--candidates", ask_.decoding.candidate_count, "Candidates a reply")->capture_default_str();
    verb.add_option("--score", ask_.score_candidates, "Rank so many candidates instead of replying")
        ->check(CLI::Range(1, 64));
    verb.add_flag("--stream", ask_.stream, "StreamReply; the first token as the client sees it");
    verb.add_flag("--after-append", load_.append_first, "Append to the user's history right before each request");
    verb.add_flag("--cold", cold_,
                  "Take users in turn and do not warm them: with more users than the cache holds, every "
                  "reply builds its profile");
    verb.add_option("--seed", load_.seed, "Of the load and the made-up histories")->capture_default_str();
  }

  void AddLoadOptions(CLI::App& verb) {
    verb.add_option("--concurrency", load_.concurrency, "Requests in flight, in a closed loop")
        ->capture_default_str()
        ->check(CLI::Range(1, 100000));
    verb.add_option("--rate", load_.rate, "Requests a second, in an open loop")->check(CLI::PositiveNumber);
    verb.add_option("--seconds", load_.seconds, "Measured time")->capture_default_str()->check(CLI::PositiveNumber);
    verb.add_option("--warmup-seconds", load_.warmup_seconds, "Time before that")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
    verb.add_option("--deadline-ms", deadline_ms_, "Of each request; 0: none")->check(CLI::NonNegativeNumber);
    verb.add_flag("--find-capacity", find_capacity_,
                  "Search the highest sustained rate, then load 80 % and 500 % of it");
  }

  // Engine, server, workload and target, as far as they are wanted.
  absl::Status Prepare() {
    if (server_.address.empty()) {
      if (absl::Status s = StartEngineHere(); !s.ok()) return s;
    }
    if (absl::Status s = MakeWorkload(); !s.ok()) return s;
    if (server_.address.empty() && !grpc_) {
      target_ = MakeEngineTarget(*running_, *workload_, ask_);
      return absl::OkStatus();
    }
    if (grpc_) {
      if (absl::Status s = StartServerHere(); !s.ok()) return s;
    }
    auto channel = MakeChannel(grpc_ ? ChannelSettings{.address = own_server_->address()} : server_);
    if (!channel.ok()) return channel.status();
    auto target = MakeGrpcTarget(*std::move(channel), *workload_, ask_, true, running_.get());
    if (!target.ok()) return target.status();
    target_ = *std::move(target);
    return absl::OkStatus();
  }

  absl::Status StartEngineHere() {
    if (engine_.batch_scheduling()) PreferThroughput();
    if (!config_path_.empty()) {
      model_dir_ = folder_.emplace().path();
      if (absl::Status s = WriteRandomModel(config_path_, load_.seed, model_dir_); !s.ok()) return s;
    }
    const auto options = engine_.ToOptions();
    if (!options.ok()) return options.status();
    options_ = *options;
    auto engine = StartEngine(model_dir_, options_);
    if (!engine.ok()) return engine.status();
    running_ = *std::move(engine);
    return absl::OkStatus();
  }

  absl::Status StartServerHere() {
    auto store = OpenHistoryStore(store_url_);
    if (!store.ok()) return store.status();
    store_ = *std::move(store);
    LogToStderr();
    ServerOptions options;
    options.listen_address = "127.0.0.1:0";
    auto server = Server::Start(options, *running_, *store_);
    if (!server.ok()) return server.status();
    own_server_ = *std::move(server);
    return absl::OkStatus();
  }

  absl::Status MakeWorkload() {
    if (!data_.empty()) {
      auto workload = Workload::FromFile(data_, users_);
      if (!workload.ok()) return workload.status();
      workload_ = *std::move(workload);
      return absl::OkStatus();
    }
    WorkloadOptions options{.users = users_, .seed = load_.seed};
    if (running_ != nullptr) {
      const ModelInfo& model = running_->model_info();
      options.exchanges = history_.value_or(model.max_history);
      options.post_tokens = model.max_post_tokens;
      options.response_tokens = model.max_response_tokens;
      options.vocab_words = std::max(1, model.vocab_size - kPiecesBeforeWords);
    }
    options.exchanges = history_.value_or(options.exchanges);
    workload_ = Workload::Synthetic(options);
    return absl::OkStatus();
  }

  nlohmann::ordered_json Describe() const {
    nlohmann::ordered_json json;
    if (running_ != nullptr) {
      const std::string made_up = absl::StrCat("random weights of ", config_path_);
      json["model"] = config_path_.empty() ? running_->model_info().name : made_up;
      json["precision"] = running_->model_info().precision;
      json["engines"] = options_.engines;
    } else {
      json["model"] = json["precision"] = json["engines"] = nullptr;
    }
    json["over_grpc"] = grpc_ || !server_.address.empty();
    return json;
  }

  LoadResult RunOpen(double rate) {
    LoadOptions load = load_;
    load.rate = rate;
    load.warm = false;  // they have been warmed
    return RunLoad(*target_, *workload_, load);
  }

  // Sustained is a rate of which at least 97 % is answered within the measured time. Between what surely is and what
  // the closed loop reached, a few halvings.
  nlohmann::ordered_json FindCapacity(Console& console) {
    LoadOptions closed = load_;
    closed.rate = 0;
    closed.warm = false;
    const double reached = static_cast<double>(RunLoad(*target_, *workload_, closed).total_ms.size()) / closed.seconds;
    double low = 0.5 * reached, high = 1.1 * reached;
    for (int i = 0; i < 4; ++i) {
      const double rate = 0.5 * (low + high);
      const LoadResult result = RunOpen(rate);
      const bool sustained = static_cast<double>(result.total_ms.size()) >= 0.97 * static_cast<double>(result.offered);
      (sustained ? low : high) = rate;
    }
    const int64_t memory_before = ResidentBytes();
    const LoadResult at_80 = RunOpen(0.8 * low), at_500 = RunOpen(5 * low);
    const Percentiles latency = PercentilesOf(at_80.total_ms);
    nlohmann::ordered_json json;
    json["closed_loop_per_second"] = reached;
    json["sustained_per_second"] = low;
    json["p50_ms_at_80_percent"] = latency.p50;
    json["p99_ms_at_80_percent"] = latency.p99;
    json["p99_over_p50"] = latency.p50 > 0 ? latency.p99 / latency.p50 : 0;
    json["goodput_at_500_percent"] = static_cast<double>(at_500.total_ms.size()) / at_500.seconds;
    json["goodput_over_sustained"] = json["goodput_at_500_percent"].get<double>() / low;
    json["at_500_percent"] = ToJson(at_500);
    json["resident_bytes_before"] = memory_before;
    json["resident_bytes_after"] = ResidentBytes();
    if (!json_) console.out << "capacity " << json.dump(2) << std::endl;
    return json;
  }

  std::string model_dir_, config_path_, data_, store_url_ = "memory:";
  ChannelSettings server_{.address = ""};
  bool grpc_ = false, json_ = false, cold_ = false, find_capacity_ = false;
  int users_ = 1000;
  std::optional<int> history_;
  double deadline_ms_ = 0;
  EngineFlags engine_;
  Settings settings_;
  SettingsFlags flags_;
  EngineOptions options_;
  BenchAsk ask_{.decoding = {.temperature = 1, .top_p = 0.9}};
  LoadOptions load_;

  // In the order in which they have to go: the last first.
  std::optional<TemporaryFolder> folder_;
  std::optional<Workload> workload_;
  std::unique_ptr<Engine> running_;
  std::unique_ptr<HistoryStore> store_;
  std::unique_ptr<Server> own_server_;
  std::unique_ptr<BenchTarget> target_;
};

}  // namespace

std::unique_ptr<Command> MakeBenchCommand() { return std::make_unique<BenchCommand>(); }

}  // namespace idiolect
