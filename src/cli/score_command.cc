#include <fstream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/offline_input.h"
#include "model/dhap_model.h"
#include "model/grad_mode.h"

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
    verb.add_option("--batch-size", batch_size_, "Lines computed together (default 16); changes the speed only")
        ->check(CLI::Range(1, 1024));
  }

  absl::Status Run(Console& console) override {
    auto model = DhapModel::Load(model_dir_);
    if (!model.ok()) return model.status();
    auto reader = OfflineReader::Open(in_);
    if (!reader.ok()) return reader.status();
    std::ofstream out(out_);
    const ServingMode serving;
    std::vector<OfflineInput> batch;
    while (true) {
      auto input = reader->Next();
      if (!input.ok()) return input.status();
      if (input->has_value()) batch.push_back(**std::move(input));
      if (batch.size() == batch_size_ || (!input->has_value() && !batch.empty())) {
        WriteScores(**model, batch, out);
        batch.clear();
      }
      if (!input->has_value()) break;
    }
    return out.flush() ? absl::OkStatus() : absl::UnavailableError(absl::StrCat(out_, ": cannot be written"));
  }

 private:
  static void WriteScores(const DhapModel& model, const std::vector<OfflineInput>& batch, std::ofstream& out) {
    std::vector<HistoryTokens> windows;
    std::vector<std::vector<int32_t>> posts, responses;
    for (const OfflineInput& input : batch) {
      windows.push_back(model.Tokenize(input.history));
      posts.push_back(model.PostIds(input.post));
      responses.push_back(model.ResponseIds(input.response));
    }
    const auto scores = model.Score(model.profiles(windows, {}), posts, PadTokens(responses), {});
    int64_t token = 0;
    for (size_t row = 0; row < batch.size(); ++row) {
      out << Line(scores, responses[row], static_cast<int64_t>(row), token,
                  model.config().memory ? windows[row].size() : 0)
          << "\n";
      token += static_cast<int64_t>(responses[row].size());
    }
  }

  static std::string Line(const CopyDecoder::TargetScores& scores, const std::vector<int32_t>& ids, int64_t row,
                          int64_t first, size_t pairs) {
    const auto length = static_cast<int64_t>(ids.size());
    const auto values = [](const at::Tensor& x) {
      const at::Tensor flat = x.contiguous();
      return std::vector<float>(flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel());
    };
    nlohmann::ordered_json line;
    line["tokens"] = ids;
    line["logprobs"] = values(scores.log_probs.narrow(0, first, length));
    line["copy_probability"] = values(scores.copy_probability.narrow(0, first, length));
    line["memory"] = nlohmann::json::array();
    for (int64_t t = 0; t < length; ++t)
      line["memory"].push_back(values(scores.memory_weights[row][t].narrow(0, 0, static_cast<int64_t>(pairs))));
    return line.dump();
  }

  std::string model_dir_, in_, out_;
  size_t batch_size_ = 16;
};

}  // namespace

std::unique_ptr<Command> MakeScoreCommand() { return std::make_unique<ScoreCommand>(); }

}  // namespace idiolect
