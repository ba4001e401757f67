// idiolect-tokenizer-trainer INPUT PREFIX SIZE SENTENCES: learns a SentencePiece unigram model with our special tokens
// from the lines of INPUT and writes PREFIX.model. A program of its own because SentencePiece's training library needs
// the protobuf that its sister carries, and not the one of libtorch (see cmake/make_symbolic.py). `idiolect train` runs
// it.
#include <sentencepiece_trainer.h>

#include <cstdio>
#include <string>
#include <unordered_map>

int main(int argc, char** argv) {
  if (argc != 5) return std::fprintf(stderr, "usage: %s INPUT PREFIX SIZE SENTENCES\n", argv[0]), 2;
  const std::unordered_map<std::string, std::string> arguments = {{"input", argv[1]},
                                                                  {"model_prefix", argv[2]},
                                                                  {"vocab_size", argv[3]},
                                                                  {"input_sentence_size", argv[4]},
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
  if (!status.ok()) return std::fprintf(stderr, "%s\n", status.ToString().c_str()), 1;
  return 0;
}
