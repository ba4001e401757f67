#include <filesystem>
#include <ostream>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/number_checks.h"
#include "text/tokenizer.h"
#include "train/corpus.h"
#include "train/prepared_corpus.h"
#include "train/tokenizer_bytes.h"
#include "train/tokenizer_training.h"

namespace idiolect {
namespace {

constexpr char kTeaching[] = R"(Example:
  $ idiolect prepare --data history.jsonl.gz --out prepared
  $ idiolect train --prepared prepared --out models/mine          here, or where only the folder was copied to

Learns a tokenizer and writes the training and validation exchanges as token ids: the folder is all that training needs.
It holds hashes in place of names, but whoever has it can read the texts: treat it like them. Where the folder, or
--tokenizer, has a tokenizer.model already, that one is used.
)";

class PrepareCommand : public Command {
 public:
  VerbText text() const override {
    return {"prepare", kResearchGroup, "Tokenize files of exchanges once, for training elsewhere", kTeaching};
  }
  bool computes() const override { return false; }

  void AddOptions(CLI::App& verb) override {
    ModelConfig& m = options_.model;
    verb.add_option("--data", options_.data, "JSONL or TSV files, .gz allowed")->required();
    verb.add_option("--out", options_.out, "Folder to write; created")->required();
    verb.add_option("--tokenizer", tokenizer_, "tokenizer.model to use (default: learn one)");
    vocab_size_ = verb.add_option("--vocab-size", m.vocab_size, "Pieces of the tokenizer to learn")
                      ->capture_default_str()
                      ->check(CLI::Range(5, 1 << 20));
    verb.add_option("--tokenizer-sentences", options_.tokenizer_sentences, "Texts that it learns from")
        ->capture_default_str()
        ->check(AtLeast(1));
    verb.add_option("--max-post-tokens", m.max_post_tokens, "Tokens of a post")
        ->capture_default_str()
        ->check(CLI::Range(2, 4096));
    verb.add_option("--max-response-tokens", m.max_response_tokens, "Tokens of a response")
        ->capture_default_str()
        ->check(CLI::Range(2, 4096));
    verb.add_option("--held-out-users", options_.held_out_users,
                    "Share of users who are left out, for `idiolect eval --unseen-users`")
        ->capture_default_str()
        ->check(Between(0.0, 0.999));
  }

  absl::Status Run(Console& console) override {
    std::error_code error;
    std::filesystem::create_directories(options_.out, error);
    if (error) return absl::UnavailableError(absl::StrCat(options_.out, ": cannot be created: ", error.message()));
    const std::string path = tokenizer_.empty() ? PreparedTokenizerPath(options_.out) : tokenizer_;
    if (absl::Status s = LearnMissing(path, console); !s.ok()) return s;
    const auto bytes = ReadTokenizerBytes(path);
    if (!bytes.ok()) return bytes.status();
    const auto tokenizer = Tokenizer::FromBytes(*bytes);
    if (!tokenizer.ok())
      return absl::Status(tokenizer.status().code(), absl::StrCat(path, ": ", tokenizer.status().message()));
    if (absl::Status s = TakeVocabSize(path, (*tokenizer)->size()); !s.ok()) return s;
    console.err << "reading and tokenizing the data\n" << std::flush;
    const auto corpus = LoadCorpus(options_.data, **tokenizer, options_.model, options_.held_out_users);
    if (!corpus.ok()) return corpus.status();
    if (absl::Status s = WritePreparedCorpus(*corpus, options_.model, *bytes, options_.out); !s.ok()) return s;
    console.out << absl::StrCat(corpus->users.size(), " users, ", corpus->train_pairs, " exchanges to train on and ",
                                corpus->valid_pairs, " to validate are in ", options_.out, "\n");
    return absl::OkStatus();
  }

 private:
  absl::Status LearnMissing(const std::string& path, Console& console) const {
    if (!tokenizer_.empty() || std::filesystem::exists(path)) return absl::OkStatus();
    console.err << "learning the tokenizer\n" << std::flush;
    return TrainTokenizer(options_, path);
  }

  absl::Status TakeVocabSize(const std::string& path, int pieces) {
    if (vocab_size_->count() > 0 && options_.model.vocab_size != pieces)
      return absl::InvalidArgumentError(absl::StrCat("--vocab-size: expected ", pieces, ", the pieces that ", path,
                                                     " has; to learn another one, choose another --out"));
    options_.model.vocab_size = pieces;
    return absl::OkStatus();
  }

  TrainOptions options_;
  const CLI::Option* vocab_size_ = nullptr;
  std::string tokenizer_;
};

}  // namespace

std::unique_ptr<Command> MakePrepareCommand() { return std::make_unique<PrepareCommand>(); }

}  // namespace idiolect
