#include <algorithm>
#include <ostream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cli/commands.h"
#include "cli/health.h"
#include "cli/layout.h"
#include "nlohmann/json.hpp"

namespace idiolect {
namespace {

constexpr char kTeaching[] = R"(Example:
  $ idiolect status
  127.0.0.1:50051  serving, version 0.1.0
    DialogueService  serving
    HistoryService   serving
    ProfileService   serving
    ModelService     serving
  model   base (2,345,678 parameters, float32 on cpu)
  limits  reads 50 exchanges a person, 64 tokens a post; writes 48 tokens a reply

Exit code 0 when the server is serving, else 1. `idiolect status --wait 60` returns as soon as the server serves, for scripts
that have just started one. For the probes of containers, `--health server` (ready for calls) and `--health liveness` (the
process answers) ask for nothing but that, and need no API key.
)";

constexpr const char* kServices[] = {"DialogueService", "HistoryService", "ProfileService", "ModelService"};
constexpr absl::Duration kPollEvery = absl::Milliseconds(200);

class StatusCommand : public Command {
 public:
  VerbText text() const override {
    return {"status", kServeGroup, "Is the server serving, and with which model?", kTeaching};
  }

  void AddOptions(CLI::App& verb) override {
    server_.AddTo(verb);
    verb.add_option("--wait", wait_seconds_, "Wait so long for the server to serve (default 0)")
        ->check(CLI::NonNegativeNumber)
        ->option_text("SECONDS");
    verb.add_option("--health", health_of_, "Ask only for the health of this: server, liveness or a gRPC service")
        ->option_text("NAME");
    verb.add_flag("--json", json_, "Print health and model as JSON");
  }

  absl::Status Run(Console& console) override {
    const absl::StatusOr<std::string> health = WaitUntilServing();
    if (!health.ok()) return health.status();
    if (!health_of_.empty()) {
      console.out << health_of_ << " is " << *health << "\n";
      return ExpectServing(*health);
    }
    Client client(server_);
    std::vector<std::string> services;
    for (const char* service : kServices) services.push_back(HealthOf(client, service));
    grpc::ClientContext context;
    client.SetDeadline(context);
    v1::GetModelResponse model;
    const absl::Status status = client.ToStatus(client.model().GetModel(&context, v1::GetModelRequest(), &model));
    if (json_) {
      PrintJson(*health, services, model, status.ok(), console);
    } else {
      PrintHealth(*health, services, model, console);
      if (status.ok()) PrintModel(model, console);
    }
    return *health == "serving" ? status : ExpectServing(*health);
  }

 private:
  absl::Status ExpectServing(const std::string& health) const {
    if (health == "serving") return absl::OkStatus();
    return absl::UnavailableError(absl::StrCat("the server at ", server_.address, " is ", health));
  }

  // Looks anew until the server serves or the time is up; returns what it saw last. A new client each time: a channel
  // that failed to connect waits longer and longer before it tries again.
  absl::StatusOr<std::string> WaitUntilServing() const {
    const absl::Time deadline = absl::Now() + absl::Seconds(wait_seconds_);
    const std::string service = health_of_ == "server" ? "" : health_of_;  // gRPC's name for the server as a whole
    while (true) {
      Client client(server_);
      absl::StatusOr<std::string> health = CheckHealth(client, service);
      if ((health.ok() && *health == "serving") || absl::Now() + kPollEvery > deadline) return health;
      absl::SleepFor(kPollEvery);
    }
  }

  static std::string HealthOf(Client& client, const std::string& service) {
    const absl::StatusOr<std::string> health = CheckHealth(client, absl::StrCat("idiolect.v1.", service));
    return health.ok() ? *health : std::string(health.status().message());
  }

  void PrintHealth(const std::string& health, const std::vector<std::string>& services,
                   const v1::GetModelResponse& model, Console& console) const {
    console.out << console.paint.Bold(server_.address) << "  " << health
                << (model.server_version().empty() ? "" : ", version ") << model.server_version() << "\n";
    for (size_t i = 0; i < services.size(); ++i) {
      console.out << "  " << PadRight(kServices[i], 17) << services[i] << "\n";
    }
  }

  static void PrintModel(const v1::GetModelResponse& model, Console& console) {
    const v1::ModelLimits& limits = model.limits();
    console.out << "model   " << model.name() << " (" << WithCommas(model.parameter_count()) << " parameters, "
                << model.precision() << " on " << model.device() << ")\n"
                << "limits  reads " << limits.max_history() << " exchanges a person, " << limits.max_post_tokens()
                << " tokens a post; writes " << limits.max_response_tokens() << " tokens a reply\n";
  }

  void PrintJson(const std::string& health, const std::vector<std::string>& services, const v1::GetModelResponse& model,
                 bool has_model, Console& console) const {
    nlohmann::ordered_json status = {{"server", server_.address}, {"health", health}};
    for (size_t i = 0; i < services.size(); ++i) status["services"][kServices[i]] = services[i];
    if (has_model) status["model"] = nlohmann::ordered_json::parse(ToJson(model));
    console.out << status.dump(2) << "\n";
  }

  ClientOptions server_;
  std::string health_of_;
  double wait_seconds_ = 0;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeStatusCommand() { return std::make_unique<StatusCommand>(); }

}  // namespace idiolect
