#include <atomic>
#include <csignal>
#include <optional>
#include <ostream>

#include "absl/strings/str_format.h"
#include "cli/commands.h"
#include "cli/settings_flags.h"
#include "cli/train_settings.h"
#include "train/trainer.h"

namespace idiolect {
namespace {

constexpr char kTeaching[] = R"(Example:
  $ idiolect train --data history.jsonl.gz --out models/mine --steps 4000

Learns a tokenizer and a model from JSONL or TSV files (the form that `idiolect import` reads) and writes the model
directory, float16, with its card. Every --validate-every steps it prints the per-word perplexity of held-out responses
with the user's own history, another's, and none: the further apart, the more the profile is worth; the best model by the
first is kept, and the curves are drawn into curves.svg beside it. WORK/train.jsonl has the same as a line of JSON a
report. Ctrl-C writes a checkpoint into --work, and the same command goes on from there.

Each setting is a flag (--learning-rate 0.001) and a line of the --config file (learning_rate = 0.001). --print-config
prints them all, in the form of such a file.
)";

std::atomic<bool> stop_requested{false};
void RequestStop(int) { stop_requested = true; }

std::string Figure(const std::optional<double>& value, int digits) {
  return value ? absl::StrFormat("%.*f", digits, *value) : "-";
}

class TrainCommand : public Command {
 public:
  VerbText text() const override {
    return {"train", kResearchGroup, "Train a model on files of exchanges; resumes", kTeaching};
  }
  bool computes() const override { return true; }

  void AddOptions(CLI::App& verb) override {
    verb.add_option("--config", config_file_, "TOML file with settings, which flags overrule")->option_text("PATH");
    verb.add_flag("--print-config", print_config_,
                  "Print every setting as such a file, and where it came from; and end");
    settings_.AddTo(table_);
    flags_.AddTo(verb, table_);
  }

  absl::Status Run(Console& console) override {
    absl::Status read = config_file_.empty() ? absl::OkStatus() : table_.ReadFile(config_file_);
    if (read.ok()) read = flags_.Apply();
    if (!read.ok()) return read;
    if (print_config_) {
      table_.Print(console.out);
      return absl::OkStatus();
    }
    const auto options = settings_.ToOptions();
    if (!options.ok()) return options.status();
    return TrainUntilStopped(*options, console);
  }

 private:
  static absl::Status TrainUntilStopped(const TrainOptions& options, Console& console) {
    std::signal(SIGINT, RequestStop);
    std::signal(SIGTERM, RequestStop);
    const absl::Status trained = Train(options, stop_requested, [&](const TrainProgress& p) { Print(p, console); });
    if (console.err_is_terminal) console.err << "\n";
    if (trained.ok())
      console.out << (stop_requested ? "stopped; the same command goes on from the checkpoint\n"
                                     : "the model is in " + options.out + "\n");
    return trained;
  }

  static void Print(const TrainProgress& p, Console& console) {
    if (p.event == TrainProgress::Event::kMessage) {
      console.err << p.message << "\n" << std::flush;
    } else if (p.event == TrainProgress::Event::kValidation) {
      const ValidationResult& v = p.validation;
      console.err << (console.err_is_terminal ? "\r\033[K" : "")
                  << absl::StrFormat(
                         "validation at step %d: own %s, other %s, none %s a word; other/own %s, copied %s\n", p.step,
                         Figure(v.own, 1), Figure(v.other, 1), Figure(v.none, 1), Figure(v.other_over_own, 3),
                         Figure(v.copy_share, 2))
                  << std::flush;
    } else if (console.err_is_terminal || p.step % 50 == 0) {
      const auto left = static_cast<int64_t>(p.seconds_left);
      console.err << (console.err_is_terminal ? "\r\033[K" : "")
                  << absl::StrFormat("step %d/%d  loss %.3f  %.0f responses/s  %d:%02d:%02d left", p.step, p.steps,
                                     p.loss, p.targets_per_second, left / 3600, left / 60 % 60, left % 60)
                  << (console.err_is_terminal ? "" : "\n") << std::flush;
    }
  }

  TrainSettings settings_;
  Settings table_;
  SettingsFlags flags_;
  std::string config_file_;
  bool print_config_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeTrainCommand() { return std::make_unique<TrainCommand>(); }

}  // namespace idiolect
