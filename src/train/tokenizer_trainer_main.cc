// idiolect-tokenizer-trainer FOLDER SIZE SENTENCES: learns a SentencePiece unigram model with our special tokens from
// the lines of FOLDER/sentences and writes FOLDER/tokenizer.model. It works inside the folder because SentencePiece
// stores the names of the files in the model: so they are the same wherever it learns, and tell nobody's paths. A
// program of its own because SentencePiece's training library needs the protobuf that its sister carries, and not the
// one of libtorch (see cmake/make_symbolic.py). `idiolect train` runs it.
#include <sentencepiece_trainer.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>
#include <unordered_map>

#include "train/tokenizer_trainer_exit.h"

namespace {

// SentencePiece has one code for nearly all of its errors.
int ExitCode(const std::string& message) {
  if (message.find("Vocabulary size too high") != message.npos) return idiolect::kVocabularyTooLarge;
  if (message.find("Vocabulary size is smaller") != message.npos) return idiolect::kVocabularyTooSmall;
  return idiolect::kTokenizerTrainingFailed;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return std::fprintf(stderr, "usage: %s FOLDER SIZE SENTENCES\n", argv[0]), 2;
  std::error_code error;
  std::filesystem::current_path(argv[1], error);
  if (error) return std::fprintf(stderr, "%s: %s\n", argv[1], error.message().c_str()), 2;
  const std::unordered_map<std::string, std::string> arguments = {{"input", "sentences"},
                                                                  {"model_prefix", "tokenizer"},
                                                                  {"vocab_size", argv[2]},
                                                                  {"input_sentence_size", argv[3]},
                                                                  {"shuffle_input_sentence", "true"},
                                                                  {"model_type", "unigram"},
                                                                  {"byte_fallback", "true"},
                                                                  {"character_coverage", "0.9998"},
                                                                  {"pad_id", "0"},
                                                                  {"unk_id", "1"},
                                                                  {"bos_id", "2"},
                                                                  {"eos_id", "3"},
                                                                  {"control_symbols", "<cls>"},
                                                                  {"hard_vocab_limit", "true"},
                                                                  {"num_threads", "2"},
                                                                  {"minloglevel", "1"}};
  const auto status = sentencepiece::SentencePieceTrainer::Train(arguments);
  if (status.ok()) return 0;
  return std::fprintf(stderr, "%s\n", status.ToString().c_str()), ExitCode(status.ToString());
}
