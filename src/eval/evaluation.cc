#include "eval/evaluation.h"

#include <algorithm>
#include <limits>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "eval/example_measurer.h"
#include "eval/examples_file.h"
#include "kernels/product.h"
#include "model/dhap_model.h"
#include "model/file_io.h"

namespace idiolect {
namespace {

std::vector<int> UsableLengths(std::vector<int> lengths, int max_history) {
  std::erase_if(lengths, [&](int length) { return length < 1 || length >= max_history; });
  std::sort(lengths.begin(), lengths.end());
  lengths.erase(std::unique(lengths.begin(), lengths.end()), lengths.end());
  return lengths;
}

std::vector<float> EmbeddingsOf(const DhapModel& model) {
  const at::Tensor& table = model.parameters().at("token_embedding.weight");
  const float* data = table.data_ptr<float>();
  return {data, data + table.numel()};
}

// SHA-256 of each file that the options name.
absl::StatusOr<std::vector<std::string>> Digests(const EvaluationOptions& o) {
  std::vector<std::string> paths = o.test_set.data, digests;
  for (const std::string& path : {o.stop_words, o.word_vectors}) {
    if (!path.empty()) paths.push_back(path);
  }
  for (const std::string& path : paths) {
    const auto bytes = ReadFile(path, std::numeric_limits<size_t>::max());
    if (!bytes.ok()) return absl::Status(bytes.status().code(), absl::StrCat(path, ": ", bytes.status().message()));
    digests.push_back(Sha256Hex({*bytes}));
  }
  return digests;
}

// All that the results depend on, in a line. `format` rises with every change of the program that makes other results
// or another examples file of the same.
absl::StatusOr<std::string> RunLine(const EvaluationOptions& o, const std::vector<int>& lengths,
                                    const std::string& model_hash) {
  constexpr int kFormat = 2;
  const auto digests = Digests(o);
  if (!digests.ok()) return digests.status();
  const nlohmann::ordered_json run = {{"format", kFormat},          {"model_hash", model_hash},
                                      {"data", o.test_set.data},    {"sha256", *digests},
                                      {"split", o.test_set.split},  {"seed", o.test_set.seed},
                                      {"history_lengths", lengths}, {"cache_weight", o.cache_weight},
                                      {"guidance", o.guidance},     {"word_guidance", o.word_guidance},
                                      {"stop_words", o.stop_words}, {"word_vectors", o.word_vectors}};
  return run.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

// The threads that measure, user after user.
class Workers {
 public:
  Workers(const MeasureContext& context, ExamplesFile& file, const std::atomic<bool>& stop,
          const EvaluationProgress& progress)
      : context_(context), file_(file), stop_(stop), progress_(progress) {}

  absl::Status Run(int threads) {
    std::vector<std::thread> others;
    for (int i = 1; i < threads; ++i) others.emplace_back([this] { Work(); });
    Work();
    for (std::thread& thread : others) thread.join();
    if (status_.ok() && stop_) return absl::CancelledError("stopped");
    return status_;
  }

  std::vector<ExampleResult> TakeExamples() { return std::move(examples_); }

 private:
  void Work() {
    const OneThread one_thread;
    std::optional<ExampleMeasurer> measurer;  // built when there is something to measure
    while (!stop_ && !failed_) {
      const size_t next = next_++;
      if (next >= context_.set.chosen().size()) return;
      const size_t user = context_.set.chosen()[next];
      if (TakeFound(user)) continue;
      if (!measurer) measurer.emplace(context_);
      Finish(measurer->Measure(user));
    }
  }

  bool TakeFound(size_t user) {
    const TestUser& u = context_.set.users()[user];
    const std::lock_guard lock(mutex_);
    const auto found = file_.found().find({u.source, u.name});
    if (found == file_.found().end()) return false;
    Keep(std::move(found->second));
    return true;
  }

  void Finish(std::vector<ExampleResult> results) {
    const std::lock_guard lock(mutex_);
    if (absl::Status s = file_.Append(results); !s.ok()) {
      status_ = s;
      failed_ = true;
    }
    Keep(std::move(results));
  }

  void Keep(std::vector<ExampleResult> results) {
    std::move(results.begin(), results.end(), std::back_inserter(examples_));
    progress_(static_cast<int64_t>(examples_.size()), context_.set.example_count());
  }

  const MeasureContext& context_;
  ExamplesFile& file_;
  const std::atomic<bool>& stop_;
  const EvaluationProgress& progress_;
  std::atomic<size_t> next_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::vector<ExampleResult> examples_;
  absl::Status status_;
};

void Sort(std::vector<ExampleResult>& examples) {
  std::sort(examples.begin(), examples.end(), [](const ExampleResult& a, const ExampleResult& b) {
    return std::tie(a.source, a.user, a.index) < std::tie(b.source, b.user, b.index);
  });
}

}  // namespace

absl::StatusOr<Evaluation> Evaluate(const EvaluationOptions& options, const std::atomic<bool>& stop,
                                    const EvaluationProgress& progress) {
  const auto model = DhapModel::Load(options.model_dir);
  if (!model.ok()) return model.status();
  const auto serving = ServingModel::Pack(**model, Precision::kFloat32);
  if (!serving.ok()) return serving.status();
  absl::StatusOr<StopWords> stop_words =
      options.stop_words.empty() ? StopWords::English() : StopWords::FromFile(options.stop_words);
  if (!stop_words.ok()) return stop_words.status();
  std::optional<WordVectors> vectors;
  if (!options.word_vectors.empty()) {
    auto read = WordVectors::FromFile(options.word_vectors);
    if (!read.ok()) return read.status();
    vectors = *std::move(read);
  }
  const auto set = TestSet::Load(options.test_set);
  if (!set.ok()) return set.status();

  const int max_history = (*model)->config().max_history;
  const std::vector<float> embeddings = EmbeddingsOf(**model);
  const MeasureContext context{**serving,
                               *set,
                               UsableLengths(options.history_lengths, max_history),
                               *stop_words,
                               options.cache_weight,
                               {.guidance = options.guidance, .word_guidance = options.word_guidance},
                               vectors ? &*vectors : nullptr,
                               embeddings};
  absl::StatusOr<std::string> run = "";  // only a file of examples has to tell runs apart
  if (!options.examples_file.empty()) run = RunLine(options, context.lengths, (*model)->content_hash());
  if (!run.ok()) return run.status();
  auto file = ExamplesFile::Open(options.examples_file, *run);
  if (!file.ok()) return file.status();
  Workers workers(context, *file, stop, progress);
  if (absl::Status s = workers.Run(options.threads); !s.ok()) return s;

  Evaluation evaluation;
  evaluation.examples = workers.TakeExamples();
  Sort(evaluation.examples);
  evaluation.facts = {options.model_dir,     (*model)->content_hash(), options.test_set.split,
                      options.test_set.data, options.guidance,         options.word_guidance};
  evaluation.summary =
      Summarize(evaluation.examples, {max_history, context.lengths, options.resamples, options.test_set.seed});
  return evaluation;
}

}  // namespace idiolect
