#include "cli/train_settings.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace idiolect {
namespace {

constexpr Range kShare{0, 1}, kFactor{0, 1e6};

bool Names(const std::vector<std::string>& parts, const char* part) {
  return std::find(parts.begin(), parts.end(), part) != parts.end();
}

}  // namespace

void TrainSettings::AddTo(Settings& s) {
  AddRun(s);
  AddModel(s);
  AddLearning(s);
  AddExamples(s);
}

void TrainSettings::AddRun(Settings& s) {
  TrainOptions& o = options;
  s.Group("The run");
  s.Add("data", o.data, "Files to learn from: JSONL or TSV, .gz allowed");
  s.Add("prepared", o.prepared, "Folder that `idiolect prepare` wrote, in place of data");
  s.Add("out", o.out, "Model directory to write");
  s.Add("work", o.work, "Folder for tokenizer, checkpoint and log (default: OUT.work)");
  s.Add("init_from", o.init_from, "Model directory to start from; gives sizes, parts and tokenizer");
  s.Add("name", o.card_name, "Title of the model card");
  s.Add("card_notes", card_notes_file, "Markdown file that ends the model card: licences, attribution, limits");
  s.Add("steps", o.steps, kPositiveCount, "Steps in all, those of earlier sittings included");
  s.Add("minutes", o.minutes, {0, 1e6}, "Of training, after which the run ends even before `steps`; 0: no limit");
  s.Add("device", o.device, "cpu, or cuda or cuda:N where libtorch has it");
  s.Add("seed", seed, {0, 9e15}, "Same seed, data and settings: same model, on cpu");
  s.Add("validate_every", o.validate_every, kPositiveCount, "Steps");
  s.Add("checkpoint_every", o.checkpoint_every, kPositiveCount, "Steps");
  s.Add("validation_users", o.validation_users, {1, 1e9}, "Users measured at a validation");
}

void TrainSettings::AddModel(Settings& s) {
  ModelConfig& m = options.model;
  s.Group("The model");
  s.Add("tokenizer_sentences", options.tokenizer_sentences, kPositiveCount, "Texts that the tokenizer learns from");
  const size_t first = s.all().size();
  s.Add("vocab_size", m.vocab_size, {5, 1 << 20}, "Pieces of the tokenizer");
  s.Add("d_model", m.d_model, {1, 8192}, "Width of embeddings and profile");
  s.Add("hidden_size", m.hidden_size, {2, 16384}, "Width of the post encoder and decoder, even");
  s.Add("history_layers", m.history_layers, {0, 64}, "Transformer layers over the history");
  s.Add("memory_layers", m.memory_layers, {0, 64}, "Transformer layers over historical posts");
  s.Add("heads", m.heads, {1, 8192}, "Attention heads; divides d_model");
  s.Add("feed_forward_size", m.feed_forward_size, {1, 65536}, "Inner width of the Transformer layers");
  s.Add("max_history", m.max_history, {1, 1024}, "Exchanges of the history window");
  s.Add("max_post_tokens", m.max_post_tokens, {2, 4096}, "Tokens of a post");
  s.Add("max_response_tokens", m.max_response_tokens, {2, 4096}, "Tokens of a response");
  s.Add("parts", parts,
        "Of general, memory, copy, post_copy: the parts of the model. \"none\" alone: no profile at all; \"speaker\" "
        "alone: a learnt vector a user, for comparison with `idiolect eval`");
  s.Add("tie_embeddings", m.tie_embeddings, "The output matrix is that of the embeddings");
  s.Add("readout_size", m.readout_size, {1, 16384}, "Width before the output, where the embeddings are not tied");
  for (size_t i = first; i < s.all().size(); ++i) model_settings_.push_back({&s.all()[i], s.all()[i].ToToml()});
}

void TrainSettings::AddLearning(Settings& s) {
  TrainOptions& o = options;
  s.Group("Learning");
  s.Add("learning_rate", o.learning_rate, {1e-12, 1e3}, "Peak, of AdamW");
  s.Add("warmup_steps", o.warmup_steps, kAnyCount, "Steps from 0 to the peak; then down to 2 % of it at the last step");
  s.Add("weight_decay", o.weight_decay, kFactor, "Of matrices");
  s.Add("clip_norm", o.clip_norm, {1e-12, 1e12}, "Gradients are scaled down to this norm");
  s.Add("dropout", o.dropout, {0, 0.9}, "Probability");
  s.Add("groups", o.groups, {1, 1e6}, "History windows a batch; with contrast a multiple of contrast_windows");
  s.Add("targets", o.targets, {1, 1e6}, "Responses that share a window");
  s.Add("accumulate", o.accumulate, {1, 1e6}, "Batches whose gradients make one step");
  s.Add("threads", o.threads, {0, 4096}, "Batches of a step that are computed at a time; 0: one a core");
  s.Add("history_contrast", o.history_contrast, kFactor, "Weight of telling the user's history from others'");
  s.Add("post_contrast", o.post_contrast, kFactor, "Weight of telling the post from other ones");
  s.Add("joint_contrast", o.joint_contrast, kFactor, "Weight of telling history and post from others'");
  s.Add("reply_contrast", o.reply_contrast, kFactor, "Weight, beside these, of telling the response from others'");
  s.Add("contrast_targets", o.contrast_targets, {1, 1e6}, "Of each window's responses, how many are told from others");
  s.Add("contrast_windows", o.contrast_windows, {2, 1024}, "Windows that are told from each other");
}

void TrainSettings::AddExamples(Settings& s) {
  TrainOptions& o = options;
  s.Group("What a batch shows");
  s.Add("held_out_users", o.held_out_users, kShare,
        "Share of users who are not seen, for `idiolect eval --unseen-users`");
  s.Add("no_history_rate", o.no_history_rate, kShare, "Share of windows replaced by none");
  s.Add("short_history_rate", o.short_history_rate, kShare, "Share of windows cut to a random length");
  s.Add("no_post_rate", o.no_post_rate, kShare, "Share of posts replaced by an empty one");
  s.Add("user_sampling_power", o.user_sampling_power, {0, 1},
        "A user is drawn in proportion to their exchanges to this power; 0: all alike");
}

// By a flag, or otherwise than by default: a file that --print-config wrote has all defaults, and asks for none of
// them.
std::vector<std::string> TrainSettings::AskedOfModel() const {
  std::vector<std::string> asked;
  for (const auto& [setting, standard] : model_settings_) {
    if (absl::StartsWith(setting->origin(), "flag ") || setting->ToToml() != standard) asked.push_back(setting->name());
  }
  return asked;
}

absl::StatusOr<TrainOptions> TrainSettings::ToOptions() const {
  TrainOptions o = options;
  o.seed = static_cast<uint64_t>(seed);
  if (o.data.empty() == o.prepared.empty())
    return absl::InvalidArgumentError(
        o.data.empty() ? "data: is not set; --data FILE, or a line of the --config file, or prepared in its place"
                       : "prepared: expected this or data, not both");
  if (!o.prepared.empty() && o.held_out_users > 0)
    return absl::InvalidArgumentError("held_out_users: prepared data leave out whom `idiolect prepare` was told to");
  if (o.out.empty()) return absl::InvalidArgumentError("out: is not set; --out DIR, or a line of the --config file");
  for (const std::string& part : parts) {
    if (Names({"none", "speaker"}, part.c_str()) && parts.size() > 1)
      return absl::InvalidArgumentError(absl::StrCat("parts: expected no other part beside ", part));
    if (!Names({"general", "memory", "copy", "post_copy", "none", "speaker"}, part.c_str()))
      return absl::InvalidArgumentError(
          "parts: expected some of general, memory, copy, post_copy, or none, or speaker, alone");
  }
  o.model.general = Names(parts, "general");
  o.model.memory = Names(parts, "memory");
  o.model.copy = Names(parts, "copy");
  o.model.post_copy = Names(parts, "post_copy");
  o.model.speaker = Names(parts, "speaker");
  o.asked_of_model = AskedOfModel();
  if (o.model.tie_embeddings && o.init_from.empty()) o.model.readout_size = o.model.d_model;
  if (card_notes_file.empty()) return o;
  std::ifstream notes(card_notes_file);
  if (!notes) return absl::NotFoundError(absl::StrCat("card_notes: ", card_notes_file, " can't be opened"));
  o.card_notes.assign(std::istreambuf_iterator<char>(notes), {});
  return o;
}

}  // namespace idiolect
