#include <deque>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/offline_input.h"
#include "idiolect/engine.h"

namespace idiolect {
namespace {

constexpr char kTeaching[] = R"(Example:
  $ echo '{"history": [{"post": "tea?", "response": "always, my dear"}], "post": "coffee?"}' > in.jsonl
  $ idiolect reply --model models/idiolect-small --in in.jsonl --out out.jsonl

Each line of the input becomes one of the output: {"tokens", "text", "logprob"}, the greedy reply of the person whose
history it is; the log-probability includes the end mark where the reply ended by itself. Needs no server.
)";

constexpr size_t kInFlight = 32;

class WaitingObserver : public ReplyObserver {
 public:
  void OnDone(absl::StatusOr<Reply> reply) override { done_.set_value(std::move(reply)); }
  std::future<absl::StatusOr<Reply>> future() { return done_.get_future(); }

 private:
  std::promise<absl::StatusOr<Reply>> done_;
};

class ReplyCommand : public Command {
 public:
  VerbText text() const override {
    return {"reply", kResearchGroup, "Greedy replies to the posts of a file, without a server", kTeaching};
  }
  bool computes() const override { return true; }

  void AddOptions(CLI::App& verb) override {
    verb.add_option("--model", model_dir_, "Model directory")->required();
    verb.add_option("--in", in_, "JSONL: history and post a line")->required();
    verb.add_option("--out", out_, "JSONL to write")->required();
  }

  absl::Status Run(Console& console) override {
    auto engine = StartEngine(model_dir_, {.precision = Precision::kFloat32});
    if (!engine.ok()) return engine.status();
    auto reader = OfflineReader::Open(in_);
    if (!reader.ok()) return reader.status();
    std::ofstream out(out_);
    std::deque<std::future<absl::StatusOr<Reply>>> pending;
    int64_t line = 0;
    while (true) {
      auto input = reader->Next();
      if (!input.ok()) return input.status();
      if (input->has_value()) {
        auto submitted = Submit(**engine, **std::move(input), ++line);
        if (!submitted.ok()) return submitted.status();
        pending.push_back(*std::move(submitted));
      }
      while (!pending.empty() && (pending.size() >= kInFlight || !input->has_value())) {
        if (absl::Status s = WriteReply(pending.front().get(), out); !s.ok()) return s;
        pending.pop_front();
      }
      if (!input->has_value()) break;
    }
    return out.flush() ? absl::OkStatus() : absl::UnavailableError(absl::StrCat(out_, ": cannot be written"));
  }

 private:
  static absl::StatusOr<std::future<absl::StatusOr<Reply>>> Submit(Engine& engine, OfflineInput input, int64_t line) {
    ReplyRequest request;
    request.user.user_id = std::to_string(line);  // a user a line: they are divided among the engine's threads
    request.history.exchanges = std::move(input.history);
    request.post = std::move(input.post);
    auto observer = std::make_shared<WaitingObserver>();
    auto future = observer->future();
    const auto ticket = engine.SubmitReply(std::move(request), observer);
    if (!ticket.ok()) return ticket.status();
    return future;
  }

  static absl::Status WriteReply(const absl::StatusOr<Reply>& reply, std::ofstream& out) {
    if (!reply.ok()) return reply.status();
    const ReplyCandidate& best = reply->candidates.at(0);
    nlohmann::ordered_json line;
    line["tokens"] = best.tokens;
    line["text"] = best.text;
    line["logprob"] = best.logprob;
    out << line.dump() << "\n";
    return absl::OkStatus();
  }

  std::string model_dir_, in_, out_;
};

}  // namespace

std::unique_ptr<Command> MakeReplyCommand() { return std::make_unique<ReplyCommand>(); }

}  // namespace idiolect
