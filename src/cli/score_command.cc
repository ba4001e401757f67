#include <fstream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/offline_input.h"
#include "engine/teacher_forcing.h"
#include "kernels/product.h"

namespace idiolect {
namespace {

constexpr char kTeaching[] = R"(Example:
  $ echo '{"history": [{"post": "tea?", "response": "always"}], "post": "coffee?", "response": "never"}' > in.jsonl
  $ idiolect score --model models/idiolect-small --in in.jsonl --out out.jsonl

Each line of the input becomes one of the output: {"tokens", "logprobs", "copy_probability", "memory"}, with one entry a
token of the response, its end mark included: the natural logarithm of the token's probability after those before it, the
probability that it is copied out of the history, and the weight of each exchange of the history (oldest first) in the
memory. Needs no server.
)";

class ScoreCommand : public Command {
 public:
  VerbText text() const override {
    return {"score", kResearchGroup, "Log-probabilities of responses in a file, without a server", kTeaching};
  }
  bool computes() const override { return true; }

  void AddOptions(CLI::App& verb) override {
    verb.add_option("--model", model_dir_, "Model directory")->required();
    verb.add_option("--in", in_, "JSONL: history, post and response a line")->required();
    verb.add_option("--out", out_, "JSONL to write")->required();
    verb.add_option("--precision", precision_, "As the server computes: float32, bf16 or int8")->capture_default_str();
    verb.add_option("--batch-size", batch_size_, "Lines computed together (default 16); changes the speed only")
        ->check(CLI::Range(1, 1024));
  }

  absl::Status Run(Console& console) override {
    const auto precision = ParsePrecision(precision_);
    if (!precision.ok())
      return absl::InvalidArgumentError(absl::StrCat("--", std::string(precision.status().message())));
    const auto model = ServingModel::Load(model_dir_, *precision);
    if (!model.ok()) return model.status();
    auto reader = OfflineReader::Open(in_);
    if (!reader.ok()) return reader.status();
    std::ofstream out(out_);
    const OneThread one_thread;
    Scratch scratch;
    std::vector<ResponseToScore> batch;
    while (true) {
      auto input = reader->Next();
      if (!input.ok()) return input.status();
      if (input->has_value()) batch.push_back(Tokenize(**model, **input));
      if (batch.size() == batch_size_ || (!input->has_value() && !batch.empty())) {
        const std::vector<ResponseScore> scores = ScoreResponses(**model, batch, scratch);
        for (size_t i = 0; i < batch.size(); ++i) out << Line(batch[i].response, scores[i]) << "\n";
        batch.clear();
      }
      if (!input->has_value()) break;
    }
    return out.flush() ? absl::OkStatus() : absl::UnavailableError(absl::StrCat(out_, ": cannot be written"));
  }

 private:
  static ResponseToScore Tokenize(const ServingModel& model, const OfflineInput& input) {
    return {model.texts().Tokenize(input.history), model.texts().PostIds(input.post),
            model.texts().ResponseIds(input.response)};
  }

  static std::string Line(const std::vector<int32_t>& ids, const ResponseScore& score) {
    nlohmann::ordered_json line;
    line["tokens"] = ids;
    line["logprobs"] = score.log_probs;
    line["copy_probability"] = score.copy_probabilities;
    line["memory"] = score.memory_weights;
    return line.dump();
  }

  std::string model_dir_, in_, out_, precision_ = "float32";
  size_t batch_size_ = 16;
};

}  // namespace

std::unique_ptr<Command> MakeScoreCommand() { return std::make_unique<ScoreCommand>(); }

}  // namespace idiolect
