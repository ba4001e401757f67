#include <atomic>
#include <csignal>
#include <fstream>
#include <iterator>
#include <ostream>

#include "absl/strings/str_format.h"
#include "cli/commands.h"
#include "train/trainer.h"

namespace idiolect {
namespace {

constexpr char kTeaching[] = R"(Example:
  $ idiolect train --data history.jsonl.gz --out models/mine --steps 4000

Learns a tokenizer and a model from JSONL or TSV files (the form that `idiolect import` reads) and writes the model
directory, float16, with its card. Every --validate-every steps it prints the per-word perplexity of held-out responses
with the user's own history, another's, and none: the further apart, the more the profile is worth; the best model by the
first is kept. Ctrl-C writes a checkpoint into --work, and the same command goes on from there.
)";

std::atomic<bool> stop_requested{false};
void RequestStop(int) { stop_requested = true; }

class TrainCommand : public Command {
 public:
  VerbText text() const override {
    return {"train", kResearchGroup, "Train a model on files of exchanges; resumes", kTeaching};
  }
  bool computes() const override { return true; }

  void AddOptions(CLI::App& verb) override {
    AddRunOptions(verb);
    AddModelOptions(verb);
    AddLearningOptions(verb);
  }

  absl::Status Run(Console& console) override {
    if (absl::Status s = ReadParts(); !s.ok()) return s;
    if (options_.model.tie_embeddings) options_.model.readout_size = options_.model.d_model;
    if (auto checked = ParseModelConfig(ToJson(options_.model)); !checked.ok()) return checked.status();
    if (!card_notes_.empty()) {
      std::ifstream notes(card_notes_);
      options_.card_notes.assign(std::istreambuf_iterator<char>(notes), {});
    }
    std::signal(SIGINT, RequestStop);
    std::signal(SIGTERM, RequestStop);
    const absl::Status trained = Train(options_, stop_requested, [&](const TrainProgress& p) { Print(p, console); });
    if (console.err_is_terminal) console.err << "\n";
    if (trained.ok())
      console.out << (stop_requested ? "stopped; the same command goes on from the checkpoint\n"
                                     : "the model is in " + options_.out + "\n");
    return trained;
  }

 private:
  void AddRunOptions(CLI::App& verb) {
    verb.add_option("--data", options_.data, "Files to learn from")->required();
    verb.add_option("--out", options_.out, "Model directory to write")->required();
    verb.add_option("--work", options_.work, "Folder for tokenizer, checkpoint and log (default: OUT.work)");
    verb.add_option("--name", options_.card_name, "Title of the model card");
    verb.add_option("--card-notes", card_notes_,
                    "Markdown file that ends the model card: licences, attribution, limits")
        ->check(CLI::ExistingFile);
    verb.add_option("--steps", options_.steps, "Steps in all, those of earlier sittings included")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    verb.add_option("--seed", options_.seed, "Same seed, data and options: same model")->capture_default_str();
    verb.add_option("--validate-every", options_.validate_every, "Steps")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    verb.add_option("--checkpoint-every", options_.checkpoint_every, "Steps")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    verb.add_option("--validation-users", options_.validation_users, "Users measured at a validation")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
  }

  void AddModelOptions(CLI::App& verb) {
    const auto size = [&](const char* name, int& value, const char* help) {
      verb.add_option(name, value, help)->capture_default_str()->check(CLI::PositiveNumber);
    };
    ModelConfig& m = options_.model;
    size("--vocab-size", m.vocab_size, "Pieces of the tokenizer");
    size("--d-model", m.d_model, "Width of embeddings and profile");
    size("--hidden-size", m.hidden_size, "Width of the post encoder and decoder");
    size("--history-layers", m.history_layers, "Transformer layers over the history");
    size("--memory-layers", m.memory_layers, "Transformer layers over historical posts");
    size("--heads", m.heads, "Attention heads");
    size("--feed-forward-size", m.feed_forward_size, "Inner width of the Transformer layers");
    size("--max-history", m.max_history, "Exchanges of the history window");
    size("--max-post-tokens", m.max_post_tokens, "Tokens of a post");
    size("--max-response-tokens", m.max_response_tokens, "Tokens of a response");
    verb.add_option("--parts", parts_, "general, memory, copy, post_copy (default: all)")->delimiter(',');
    verb.add_flag("!--untied", m.tie_embeddings, "An output matrix of its own instead of the embeddings");
    verb.add_option("--readout-size", m.readout_size, "Width before the output, with --untied")
        ->check(CLI::PositiveNumber);
  }

  void AddLearningOptions(CLI::App& verb) {
    verb.add_option("--learning-rate", options_.learning_rate, "Peak, of AdamW")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    verb.add_option("--warmup-steps", options_.warmup_steps, "Steps to the peak")->capture_default_str();
    verb.add_option("--dropout", options_.dropout, "Probability")->capture_default_str()->check(CLI::Range(0.0, 0.9));
    verb.add_option("--init-from", options_.init_from, "Model directory to start from; gives sizes and tokenizer")
        ->check(CLI::ExistingDirectory);
    verb.add_option("--history-contrast", options_.history_contrast,
                    "Weight of telling the user's history from another's")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
    verb.add_option("--post-contrast", options_.post_contrast, "Weight of telling the post from another one")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
    verb.add_option("--accumulate", options_.accumulate, "Batches whose gradients make one step")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    verb.add_option("--groups", options_.groups, "History windows a step")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    verb.add_option("--targets", options_.targets, "Responses that share a window")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
  }

  absl::Status ReadParts() {
    ModelConfig& m = options_.model;
    m.general = m.memory = m.copy = m.post_copy = parts_.empty();
    for (const std::string& part : parts_) {
      if (part == "general")
        m.general = true;
      else if (part == "memory")
        m.memory = true;
      else if (part == "copy")
        m.copy = true;
      else if (part == "post_copy")
        m.post_copy = true;
      else
        return absl::InvalidArgumentError("--parts: expected some of general, memory, copy, post_copy");
    }
    return absl::OkStatus();
  }

  static void Print(const TrainProgress& p, Console& console) {
    if (p.event == TrainProgress::Event::kMessage) {
      console.err << p.message << "\n" << std::flush;
    } else if (p.event == TrainProgress::Event::kValidation) {
      console.err << (console.err_is_terminal ? "\r\033[K" : "")
                  << absl::StrFormat(
                         "validation at step %d: own %.1f, other %.1f, none %.1f a word; other/own %.3f, copied %.2f\n",
                         p.step, p.validation.own, p.validation.other, p.validation.none,
                         p.validation.other / p.validation.own, p.validation.copy_share)
                  << std::flush;
    } else if (console.err_is_terminal || p.step % 50 == 0) {
      const auto left = static_cast<int64_t>(p.seconds_left);
      console.err << (console.err_is_terminal ? "\r\033[K" : "")
                  << absl::StrFormat("step %d/%d  loss %.3f  %.0f responses/s  %d:%02d:%02d left", p.step, p.steps,
                                     p.loss, p.targets_per_second, left / 3600, left / 60 % 60, left % 60)
                  << (console.err_is_terminal ? "" : "\n") << std::flush;
    }
  }

  TrainOptions options_;
  std::vector<std::string> parts_;
  std::string card_notes_;
};

}  // namespace

std::unique_ptr<Command> MakeTrainCommand() { return std::make_unique<TrainCommand>(); }

}  // namespace idiolect
