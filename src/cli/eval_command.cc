#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/commands.h"
#include "cli/number_checks.h"
#include "eval/evaluation.h"
#include "eval/evaluation_charts.h"

namespace idiolect {
namespace {

constexpr char kTeaching[] = R"(Example:
  $ idiolect eval --model models/idiolect-small --data history.jsonl.gz --limit 1000 --out results

Predicts each response of the split from the exchanges of its user before it, and prints what docs/quality.md explains:
perplexity with the user's own history, another's and none, who-said-it, which-reply, which-post, and what the greedy
replies share with the person's words and the true response, each with its 95 % interval by a bootstrap over users. With
--out DIR also summary.json, examples.jsonl (with texts) and charts as SVG. Stopped, the same command goes on from
DIR/examples.jsonl. Needs no server.
)";

std::atomic<bool> stop_requested{false};
void RequestStop(int) { stop_requested = true; }

absl::Status WriteText(const std::string& path, const std::string& text) {
  std::ofstream out(path);
  out << text;
  return out.flush() ? absl::OkStatus() : absl::UnavailableError(absl::StrCat(path, ": cannot be written"));
}

class EvalCommand : public Command {
 public:
  VerbText text() const override {
    return {"eval", kResearchGroup, "How much a model's replies are like the user's", kTeaching};
  }
  bool computes() const override { return true; }

  void AddOptions(CLI::App& verb) override {
    TestSetOptions& set = options_.test_set;
    verb.add_option("--model", options_.model_dir, "Model directory")->required();
    verb.add_option("--data", set.data, "JSONL or TSV files, .gz allowed")->required();
    verb.add_option("--split", set.split, "What is predicted: test or valid")->capture_default_str();
    verb.add_option("--users", set.users, "A seeded sample of so many users (default: all)")->check(AtLeast(1));
    verb.add_option("--limit", set.limit, "About so many examples: users are taken until there are (default: all)")
        ->check(AtLeast(1));
    verb.add_option("--unseen-users", set.unseen_users,
                    "Only the users whom `idiolect train --held-out-users` with the same share has not seen")
        ->check(Between(0.0, 1.0));
    verb.add_option("--seed", set.seed, "Of sample, rivals and bootstrap")->capture_default_str();
    verb.add_option("--history-lengths", options_.history_lengths, "Cut histories to measure beside none and all")
        ->delimiter(',')
        ->capture_default_str()
        ->check(AtLeast(1));
    verb.add_option("--cache-weight", options_.cache_weight, "Of the unigram cache that the profile is compared with")
        ->capture_default_str()
        ->check(Between(0.0, 0.999));
    verb.add_option("--guidance", options_.guidance,
                    "0 to 5: of the greedy replies, how much more weight has what user and post add")
        ->capture_default_str()
        ->check(Between(0.0, 5.0));
    verb.add_option("--word-guidance", options_.word_guidance,
                    "0 to 5: of the greedy replies, how much rather the person's own words are said")
        ->capture_default_str()
        ->check(Between(0.0, 5.0));
    verb.add_option("--resamples", options_.resamples, "Of the bootstrap; 0: no intervals")
        ->capture_default_str()
        ->check(AtLeast(0));
    verb.add_option("--stop-words", options_.stop_words, "Words that P-F1 leaves out, one a line (default: English)");
    verb.add_option("--word-vectors", options_.word_vectors,
                    "word2vec text file for the embedding metrics (default: the model's token embeddings)");
    verb.add_option("--threads", options_.threads, "Threads (default: one a core)")->check(CLI::Range(1, 1024));
    verb.add_option("--out", out_, "Folder for summary.json, examples.jsonl and charts; created");
    verb.add_option("--examples", options_.examples_file, "File for the examples instead of OUT/examples.jsonl");
    verb.add_flag("--json", json_, "Print the summary as one JSON object instead of a table");
  }

  absl::Status Run(Console& console) override {
    if (absl::Status s = PrepareOut(); !s.ok()) return s;
    if (options_.threads == 0) options_.threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    std::signal(SIGINT, RequestStop);
    std::signal(SIGTERM, RequestStop);
    const auto evaluation =
        Evaluate(options_, stop_requested, [&](int64_t done, int64_t total) { ShowProgress(done, total, console); });
    if (console.err_is_terminal) console.err << "\r\033[K" << std::flush;
    if (absl::IsCancelled(evaluation.status()) && !options_.examples_file.empty())
      return absl::CancelledError("stopped; the same command goes on");
    if (!evaluation.ok()) return evaluation.status();
    const std::string json = SummaryJson(evaluation->summary, evaluation->facts);
    console.out << (json_ ? json + "\n" : SummaryTable(evaluation->summary));
    return out_.empty() ? absl::OkStatus() : WriteOut(*evaluation, json);
  }

 private:
  absl::Status PrepareOut() {
    if (out_.empty()) return absl::OkStatus();
    std::error_code error;
    std::filesystem::create_directories(out_, error);
    if (error) return absl::UnavailableError(absl::StrCat(out_, ": cannot be created: ", error.message()));
    if (options_.examples_file.empty()) options_.examples_file = out_ + "/examples.jsonl";
    return absl::OkStatus();
  }

  absl::Status WriteOut(const Evaluation& evaluation, const std::string& json) const {
    if (absl::Status s = WriteText(out_ + "/summary.json", json + "\n"); !s.ok()) return s;
    for (const NamedChart& chart : EvaluationCharts(evaluation.summary)) {
      if (absl::Status s = WriteText(out_ + "/" + chart.file, ToSvg(chart.chart)); !s.ok()) return s;
    }
    return absl::OkStatus();
  }

  void ShowProgress(int64_t done, int64_t total, Console& console) {
    const absl::Time now = absl::Now();
    if (done < total && now < next_report_) return;
    next_report_ = now + (console.err_is_terminal ? absl::Milliseconds(200) : absl::Seconds(10));
    console.err << (console.err_is_terminal ? "\r\033[K" : "")
                << absl::StrFormat("%d of %d examples, %.1f/s", done, total,
                                   static_cast<double>(done) / absl::ToDoubleSeconds(now - start_))
                << (console.err_is_terminal ? "" : "\n") << std::flush;
  }

  EvaluationOptions options_ = DefaultOptions();
  std::string out_;
  bool json_ = false;
  const absl::Time start_ = absl::Now();
  absl::Time next_report_ = absl::InfinitePast();

  static EvaluationOptions DefaultOptions() {
    EvaluationOptions options;
    options.threads = 0;  // one a core
    return options;
  }
};

}  // namespace

std::unique_ptr<Command> MakeEvalCommand() { return std::make_unique<EvalCommand>(); }

}  // namespace idiolect
