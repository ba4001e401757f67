#include "train/model_card.h"

#include <filesystem>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace idiolect {
namespace {

std::string DataTable(const TrainOptions& options, const Corpus& corpus) {
  std::map<std::string, std::pair<int64_t, int64_t>> by_source;
  for (const UserCorpus& user : corpus.users) {
    by_source[user.source].first += 1;
    by_source[user.source].second += static_cast<int64_t>(user.train_end);
  }
  std::string table = "| source | users | training exchanges |\n| --- | --- | --- |\n";
  for (const auto& [source, counts] : by_source)
    absl::StrAppend(&table, "| ", source, " | ", counts.first, " | ", counts.second, " |\n");
  absl::StrAppend(&table, "\nRead from");
  for (const std::string& file : options.data)
    absl::StrAppend(&table, " `", std::filesystem::path(file).filename().string(), "`");
  if (!options.prepared.empty())
    absl::StrAppend(&table, " `", std::filesystem::path(options.prepared).filename().string(), "`, prepared");
  return table + ".\n";
}

std::string_view Kind(const ModelConfig& model) {
  if (model.speaker)
    return "A Speaker model, for comparison: a learnt vector for each user that it was trained on, whom `speakers.txt` "
           "lists\n"
           "without names. It reads no histories, so only `idiolect eval` takes it.";
  return "A DHAP model: a Transformer over a user's own responses, a memory of their exchanges, and a decoder that "
         "copies\n"
         "the user's words.";
}

std::string Quality(const ValidationResult& v) {
  if (!v.own) return "Not measured: the data hold no exchange to validate on.\n";
  std::string text = absl::StrFormat(
      "Per-word perplexity on held-out validation exchanges (%d examples, %d words):\n\n"
      "| history | perplexity |\n| --- | --- |\n| the user's own | %.1f |\n",
      v.examples, v.words, *v.own);
  if (v.other) absl::StrAppendFormat(&text, "| another user's of the same source | %.1f |\n", *v.other);
  absl::StrAppendFormat(&text, "| none | %.1f |\n\nSo the own history is worth a factor of ", *v.none);
  if (v.other) absl::StrAppendFormat(&text, "%.3f over another's and of ", *v.other_over_own);
  absl::StrAppendFormat(&text, "%.3f over none. Mean copy probability %.2f.\n", *v.none / *v.own, *v.copy_share);
  if (v.compared_examples < v.examples)
    absl::StrAppendFormat(&text,
                          "Of the examples %d are of users who are alone in their source, and are compared with none "
                          "only.\n",
                          v.examples - v.compared_examples);
  return text;
}

}  // namespace

std::string ModelCard(const TrainOptions& o, const Corpus& corpus, const CardFacts& f) {
  return absl::StrCat(
      "# ", o.card_name, "\n\n", std::string(Kind(o.model)),
      " Written by `idiolect train`; `config.json` holds its sizes.\n\n## Data\n\n", DataTable(o, corpus),
      "\n## Training\n\n",
      absl::StrFormat(
          "%d parameters, %d steps of at most %d targets (%d targets seen), %.0f minutes of training, seed %d,\n"
          "learning rate %g, dropout %g.\n",
          f.parameters, f.step, o.groups * o.targets, f.targets, f.seconds / 60, o.seed, o.learning_rate, o.dropout),
      "\n## Quality\n\n", Quality(f.validation), o.card_notes.empty() ? "" : "\n" + o.card_notes);
}

}  // namespace idiolect
