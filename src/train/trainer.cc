#include "train/trainer.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "model/file_io.h"
#include "train/batcher.h"
#include "train/checkpoint.h"
#include "train/curves.h"
#include "train/model_card.h"
#include "train/prepared_corpus.h"
#include "train/run_settings.h"
#include "train/step_gradients.h"
#include "train/tokenizer_bytes.h"
#include "train/tokenizer_training.h"
#include "train/unigram_bias.h"

namespace idiolect {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Every step allocates and frees tens of megabytes. By default malloc maps and unmaps those, and the kernel's clearing
// of fresh pages took half of the training time; kept in the heap, the same pages serve every step.
void KeepFreedMemory() {
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, 2'000'000'000);
  mallopt(M_TOP_PAD, 256 << 20);
  mallopt(M_ARENA_MAX, 1);
}

absl::Status CheckOptions(const TrainOptions& o) {
  const auto fault = [](const char* what) { return absl::InvalidArgumentError(what); };
  // The sizes of init_from's model replace these.
  const absl::Status model = o.init_from.empty() ? ParseModelConfig(ToJson(o.model)).status() : absl::OkStatus();
  if (!model.ok()) return model;
  if (o.out.empty()) return fault("out: expected a folder");
  if (o.groups < 1 || o.targets < 1) return fault("groups, targets: expected at least 1");
  if (o.steps < 0 || o.warmup_steps < 0) return fault("steps, warmup_steps: expected at least 0");
  if (o.validate_every < 1 || o.checkpoint_every < 1)
    return fault("validate_every, checkpoint_every: expected at least 1");
  if (o.validation_users < 0 || o.tokenizer_sentences < 1)
    return fault("validation_users, tokenizer_sentences: expected a count");
  if (!(o.learning_rate > 0 && o.weight_decay >= 0 && o.clip_norm > 0))
    return fault("learning_rate, weight_decay, clip_norm: expected more than 0");
  if (o.accumulate < 1) return fault("accumulate: expected at least 1");
  if (o.threads < 0) return fault("threads: expected at least 0");
  if (!(o.history_contrast >= 0 && o.post_contrast >= 0 && o.joint_contrast >= 0 && o.reply_contrast >= 0))
    return fault("history_contrast, post_contrast, joint_contrast, reply_contrast: expected at least 0");
  if (o.reply_contrast > 0 && !o.has_contrast())
    return fault("reply_contrast: expected history_contrast, post_contrast or joint_contrast beside it");
  if (o.contrast_windows < 2) return fault("contrast_windows: expected at least 2");
  if (o.contrast_targets < 1) return fault("contrast_targets: expected at least 1");
  if (!(o.minutes >= 0)) return fault("minutes: expected at least 0");
  if (o.has_contrast() && o.groups % o.contrast_windows != 0)
    return fault("groups: expected a multiple of contrast_windows, among which contrast compares");
  if (!(o.held_out_users >= 0 && o.held_out_users < 1)) return fault("held_out_users: expected a share, below 1");
  if (!(o.dropout >= 0 && o.dropout < 1)) return fault("dropout: expected a number from 0, below 1");
  return absl::OkStatus();
}

absl::StatusOr<at::Device> DeviceOf(const std::string& name) {
  const auto unusable = [&](const char* what) {
    return absl::InvalidArgumentError(absl::StrCat("device: \"", name, "\" ", what));
  };
  if (name != "cpu" && name != "cuda" && !absl::StartsWith(name, "cuda:"))
    return unusable("is unknown; expected cpu, cuda or cuda:N");
  if (name != "cpu" && !at::hasCUDA()) return unusable("is not here: this libtorch has no CUDA, or sees no GPU");
  try {
    const at::Device device(name);
    at::empty({1}, at::TensorOptions().device(device));
    return device;
  } catch (const std::exception&) {
    return unusable("can't be used: no such GPU");
  }
}

using Json = nlohmann::ordered_json;

Json OrNull(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

// What was asked for by name would otherwise be passed over in silence.
absl::Status CheckAskedOf(const ModelConfig& model, const TrainOptions& o) {
  const Json asked = Json::parse(ToJson(o.model)), has = Json::parse(ToJson(model));
  for (const std::string& name : o.asked_of_model) {
    if (asked.at(name) != has.at(name))
      return absl::InvalidArgumentError(absl::StrCat(name, ": is set to ", asked.at(name).dump(), ", but the model of ",
                                                     "init_from, ", o.init_from, ", has ", has.at(name).dump(),
                                                     "; leave it out"));
  }
  return absl::OkStatus();
}

int ThreadsOf(const TrainOptions& o) {
  return o.threads > 0 ? o.threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// One run: everything that lives as long as the training.
class Run {
 public:
  Run(const TrainOptions& options, const ProgressCallback& progress) : options_(options), progress_(progress) {}

  absl::Status Prepare() {
    // Before the minutes that a tokenizer and the data may take.
    const auto device = DeviceOf(options_.device);
    if (!device.ok()) return device.status();
    device_ = *device;
    if (absl::Status s = CheckOut(); !s.ok()) return s;
    if (absl::Status s = MakeFolders(); !s.ok()) return s;
    std::unique_ptr<DhapModel> start;
    if (!options_.init_from.empty()) {
      if (absl::Status s = LoadStart(start); !s.ok()) return s;
    }
    const std::string start_hash = start ? start->content_hash() : "";
    if (absl::Status s = PrepareTokenizer(); !s.ok()) return s;
    Say(options_.prepared.empty() ? "reading and tokenizing the data" : "reading the prepared data");
    auto corpus = options_.prepared.empty()
                      ? LoadCorpus(options_.data, *tokenizer_, options_.model, options_.held_out_users)
                      : LoadPreparedCorpus(options_.prepared, options_.model);
    if (!corpus.ok()) return corpus.status();
    corpus_ = *std::move(corpus);
    Say(absl::StrCat(corpus_.users.size(), " users, ", corpus_.train_pairs, " exchanges to train on, ",
                     corpus_.valid_pairs, " to validate"));
    if (options_.model.speaker) {
      if (absl::Status s = PrepareSpeakers(start.get()); !s.ok()) return s;
    }
    const Parameters parameters = (start ? start->parameters() : FreshParameters()).To(device_);
    model_ = std::make_unique<DhapModel>(options_.model, parameters, tokenizer_, speakers_);
    optimizer_ = std::make_unique<AdamW>(parameters, options_.weight_decay);
    batcher_ = std::make_unique<Batcher>(corpus_, options_);
    gradients_ = std::make_unique<StepGradients>(*model_, *batcher_, options_, ThreadsOf(options_));
    validation_ = std::make_unique<Validation>(corpus_, options_.validation_users, options_.seed);
    settings_ = RunSettings(options_, corpus_, tokenizer_bytes_, start_hash);
    return Resume();
  }

  absl::Status Loop(const std::atomic<bool>& stop) {
    start_ = Clock::now();
    if (absl::Status s = ReplaceLostModel(); !s.ok()) return s;
    while (!Done() && !stop) {
      if (absl::Status s = Step(); !s.ok()) return s;
      if (state_.step % options_.validate_every == 0 || Done()) {
        if (absl::Status s = Validate(); !s.ok()) return s;
      }
      if (state_.step % options_.checkpoint_every == 0) {
        if (absl::Status s = Save(); !s.ok()) return s;
      }
    }
    return Save();
  }

 private:
  void Say(const std::string& message) const {
    TrainProgress p;
    p.event = TrainProgress::Event::kMessage;
    p.message = message;
    progress_(p);
  }

  std::string Work(const char* name) const { return options_.work + "/" + name; }

  std::string CheckpointPath() const { return Work("checkpoint.safetensors"); }
  bool HasModel() const { return fs::exists(options_.out + "/model.safetensors"); }

  absl::Status CheckOut() const {
    if (!HasModel() || fs::exists(CheckpointPath())) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat("out: ", options_.out, " has a model already, and ", options_.work,
                     " has no checkpoint of a run that wrote it; choose another --out, or delete it"));
  }

  absl::Status MakeFolders() const {
    std::error_code error;
    for (const std::string& dir : {options_.out, options_.work}) {
      fs::create_directories(dir, error);
      if (error) return absl::UnavailableError(absl::StrCat(dir, ": cannot be created: ", error.message()));
    }
    return AppendToLog("");  // fails now rather than after 50 steps
  }

  absl::Status LoadStart(std::unique_ptr<DhapModel>& start) {
    auto model = DhapModel::Load(options_.init_from);
    if (!model.ok()) return model.status();
    start = *std::move(model);
    if (absl::Status s = CheckAskedOf(start->config(), options_); !s.ok()) return s;
    options_.model = start->config();
    const auto bytes = ReadTokenizerBytes(options_.init_from + "/tokenizer.model");
    if (!bytes.ok()) return bytes.status();
    return TakeStartTokenizer(*bytes);
  }

  // That of a run which has begun without this model is not overwritten.
  absl::Status TakeStartTokenizer(const std::string& bytes) const {
    const std::string path = Work("tokenizer.model");
    const auto present = ReadTokenizerBytes(path);
    if (present.ok() && *present != bytes && fs::exists(CheckpointPath()))
      return absl::FailedPreconditionError(absl::StrCat(CheckpointPath(),
                                                        ": is of a run with another tokenizer than that of init_from, ",
                                                        options_.init_from, kAnew));
    return WriteFileAtomically(path, {bytes});
  }

  absl::Status PrepareTokenizer() {
    const std::string path = Work("tokenizer.model");
    if (!options_.prepared.empty()) {
      if (absl::Status s = TakePreparedTokenizer(path); !s.ok()) return s;
    } else if (!fs::exists(path)) {
      Say("learning the tokenizer");
      if (absl::Status s = TrainTokenizer(options_, path); !s.ok()) return s;
    }
    auto bytes = ReadTokenizerBytes(path);
    if (!bytes.ok()) return bytes.status();
    tokenizer_bytes_ = *std::move(bytes);
    auto tokenizer = Tokenizer::Load(path);
    if (!tokenizer.ok()) return tokenizer.status();
    tokenizer_ = *std::move(tokenizer);
    if (tokenizer_->size() == options_.model.vocab_size) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": has ", tokenizer_->size(), " pieces; expected vocab_size ", options_.model.vocab_size));
  }

  // The prepared ids are of one tokenizer; a model that the run starts or goes on from must have the same.
  absl::Status TakePreparedTokenizer(const std::string& path) const {
    const std::string prepared = PreparedTokenizerPath(options_.prepared);
    const auto bytes = ReadTokenizerBytes(prepared);
    if (!bytes.ok()) return bytes.status();
    if (!fs::exists(path)) return WriteFileAtomically(path, {*bytes});
    const auto present = ReadTokenizerBytes(path);
    if (present.ok() && *present == *bytes) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("prepared: ", prepared, " is another tokenizer than ", path, "; prepare with --tokenizer ", path));
  }

  // Each user of the corpus gets a row; those of a model that the run starts from must be the same.
  absl::Status PrepareSpeakers(const DhapModel* start) {
    std::vector<uint64_t> hashes;
    for (const UserCorpus& user : corpus_.users) {
      if (!user.hash)
        return absl::InvalidArgumentError(
            absl::StrCat("parts: \"speaker\" needs to know users apart, and \"name\" of user ", user.row - 1,
                         " is not in ", options_.prepared, "; run `idiolect prepare` again"));
      hashes.push_back(*user.hash);
    }
    if (start != nullptr && start->speakers().hashes() != hashes)
      return absl::InvalidArgumentError("init_from: its speakers are others than the users of the data");
    speakers_ = Speakers(std::move(hashes));
    options_.model.speakers = static_cast<int>(corpus_.users.size());
    return ParseModelConfig(ToJson(options_.model)).status();
  }

  Parameters FreshParameters() const {
    Parameters fresh = Parameters::Random(options_.model, options_.seed);
    fresh.at("decoder.output.bias").copy_(UnigramLogShares(corpus_, options_.model.vocab_size));
    return fresh;
  }

  absl::Status Resume() {
    const auto state = LoadCheckpoint(CheckpointPath(), model_->parameters(), *optimizer_, settings_);
    if (absl::IsNotFound(state.status())) return absl::OkStatus();
    if (!state.ok()) return state.status();
    state_ = *state;
    first_step_ = state_.step;
    Say(absl::StrCat("going on after step ", state_.step));
    return absl::OkStatus();
  }

  // Where the best model was deleted, that of the checkpoint takes its place.
  absl::Status ReplaceLostModel() {
    if (HasModel() || (state_.best_own == 0 && !Done())) return absl::OkStatus();
    Say(absl::StrCat(options_.out, " has no model; validating the checkpoint's and writing it"));
    state_.best_own = 0;
    return Validate();
  }

  // The share of the run's time that is over, where that has a limit.
  double TimeSpent() const { return options_.minutes > 0 ? state_.seconds / (60 * options_.minutes) : 0; }
  bool Done() const { return state_.step >= options_.steps || TimeSpent() >= 1; }

  double LearningRate() const {
    const auto step = static_cast<double>(state_.step + 1), warmup = static_cast<double>(options_.warmup_steps);
    if (step < warmup) return options_.learning_rate * step / warmup;
    const double left =
        (static_cast<double>(options_.steps) - step) / std::max(1.0, static_cast<double>(options_.steps) - warmup);
    return options_.learning_rate * (0.02 + 0.98 * std::max(0.0, std::min(left, 1 - TimeSpent())));
  }

  absl::Status Step() {
    const auto begin = Clock::now();
    optimizer_->ZeroGradients();
    const StepFacts facts = gradients_->Add(state_.step);
    targets_ += facts.targets;
    optimizer_->ClipGradients(options_.clip_norm);
    const double rate = LearningRate();
    optimizer_->Update(rate, state_.step + 1);
    state_.step += 1;
    state_.seconds += SecondsSince(begin);
    loss_ = loss_ == 0 ? facts.loss : 0.98 * loss_ + 0.02 * facts.loss;
    return Report(rate);
  }

  TrainProgress Now(TrainProgress::Event event) const {
    TrainProgress p;
    p.event = event;
    p.step = state_.step;
    p.steps = options_.steps;
    p.loss = loss_;
    const double elapsed = SecondsSince(start_);
    p.targets_per_second = static_cast<double>(targets_) / elapsed;
    const auto done = static_cast<double>(std::max<int64_t>(1, state_.step - first_step_));
    p.seconds_left = elapsed / done * static_cast<double>(options_.steps - state_.step);
    if (options_.minutes > 0) p.seconds_left = std::min(p.seconds_left, 60 * options_.minutes * (1 - TimeSpent()));
    p.seconds_left = std::max(0.0, p.seconds_left);
    return p;
  }

  absl::Status Report(double rate) {
    TrainProgress p = Now(TrainProgress::Event::kStep);
    p.learning_rate = rate;
    progress_(p);
    if (state_.step % 50 != 0) return absl::OkStatus();
    return Log(
        {{"step", p.step}, {"loss", p.loss}, {"targets_per_second", p.targets_per_second}, {"learning_rate", rate}});
  }

  absl::Status Log(const Json& line) const { return AppendToLog(line.dump() + "\n"); }

  absl::Status AppendToLog(const std::string& text) const {
    std::ofstream out(Work("train.jsonl"), std::ios::app);
    out << text << std::flush;
    return out ? absl::OkStatus() : absl::UnavailableError(absl::StrCat(Work("train.jsonl"), ": cannot be written"));
  }

  absl::Status Validate() {
    const ValidationResult v = validation_->Measure(*model_);
    TrainProgress p = Now(TrainProgress::Event::kValidation);
    p.validation = v;
    progress_(p);
    const absl::Status logged = Log({{"step", p.step},
                                     {"own", OrNull(v.own)},
                                     {"other", OrNull(v.other)},
                                     {"none", OrNull(v.none)},
                                     {"other_over_own", OrNull(v.other_over_own)},
                                     {"copy_share", OrNull(v.copy_share)},
                                     {"examples", v.examples}});
    if (!logged.ok()) return logged;
    if (absl::Status s = DrawCurves(Work("train.jsonl"), options_.out + "/curves.svg"); !s.ok()) return s;
    if (v.own && !std::isfinite(*v.own))
      return absl::InternalError(
          absl::StrCat("after step ", p.step, " the perplexity is no number; is learning_rate too large?"));
    // Without anything to validate on, the last model is as good as known to be the best.
    if (v.own && state_.best_own != 0 && *v.own >= state_.best_own) return absl::OkStatus();
    state_.best_own = v.own.value_or(0);
    return WriteModel(v);
  }

  absl::Status WriteModel(const ValidationResult& v) {
    // A model in `out` without a checkpoint would be taken for another run's after a crash.
    if (!fs::exists(CheckpointPath())) {
      if (absl::Status s = Save(); !s.ok()) return s;
    }
    const CardFacts facts{state_.step, state_.step * options_.accumulate * options_.groups * options_.targets,
                          model_->parameters().count(), state_.seconds, v};
    if (absl::Status s = WriteFileAtomically(options_.out + "/README.md", {ModelCard(options_, corpus_, facts)});
        !s.ok())
      return s;
    return model_->Save(options_.out, TensorType::kFloat16, tokenizer_bytes_);
  }

  absl::Status Save() { return SaveCheckpoint(CheckpointPath(), model_->parameters(), *optimizer_, state_, settings_); }

  TrainOptions options_;
  const ProgressCallback& progress_;
  at::Device device_ = at::kCPU;
  std::string tokenizer_bytes_, settings_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  Corpus corpus_;
  Speakers speakers_;  // of a Speaker model
  std::unique_ptr<DhapModel> model_;
  std::unique_ptr<AdamW> optimizer_;
  std::unique_ptr<Batcher> batcher_;
  std::unique_ptr<StepGradients> gradients_;
  std::unique_ptr<Validation> validation_;
  RunState state_;
  int64_t first_step_ = 0, targets_ = 0;
  double loss_ = 0;
  Clock::time_point start_;
};

}  // namespace

absl::Status Train(TrainOptions options, const std::atomic<bool>& stop, const ProgressCallback& progress) {
  if (absl::Status s = CheckOptions(options); !s.ok()) return s;
  while (options.out.size() > 1 && options.out.back() == '/') options.out.pop_back();
  if (options.work.empty()) options.work = options.out + ".work";
  KeepFreedMemory();
  // Two threads of one product spin while they wait for each other, and cost more than they give; see StepGradients.
  at::set_num_threads(1);
  at::globalContext().setAllowTF32CuBLAS(true);
  try {
    Run run(options, progress);
    if (absl::Status s = run.Prepare(); !s.ok()) return s;
    return run.Loop(stop);
  } catch (const c10::Error& e) {
    return absl::InternalError(absl::StrCat("training failed: ", e.what_without_backtrace()));
  } catch (const std::exception& e) {
    return absl::InternalError(absl::StrCat("training failed: ", e.what()));
  }
}

}  // namespace idiolect
