// The model's vocabulary: text to token ids and back, a SentencePiece unigram model with byte fallback.
//
//   auto tokenizer = Tokenizer::Load("models/idiolect-small/tokenizer.model");
//   std::vector<int32_t> ids = (*tokenizer)->ResponseIds("so, that works for me", 32);   // ends with kEos
//   std::string text = (*tokenizer)->Decode(ids);                                        // kEos says nothing
//
// Thread-safe after loading.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "text/piece_model.h"

namespace idiolect {

// The ids that every tokenizer of ours gives to its special tokens.
inline constexpr int32_t kPad = 0, kUnk = 1, kBos = 2, kEos = 3, kCls = 4;

class Tokenizer {
 public:
  // The file is not trusted: kNotFound, or kInvalidArgument that names the file and the fault.
  static absl::StatusOr<std::unique_ptr<Tokenizer>> Load(const std::string& path);
  // The same from the file's bytes; the fault's message names no file.
  static absl::StatusOr<std::unique_ptr<Tokenizer>> FromBytes(std::string_view bytes);

  // Token ids of `text`, without any special ones. Invalid UTF-8 becomes U+FFFD.
  std::vector<int32_t> Encode(std::string_view text) const;
  // A post is its last `max_tokens` - 1 pieces and </s>.
  std::vector<int32_t> PostIds(std::string_view text, int max_tokens) const;
  // A response is its first `max_tokens` - 1 pieces and </s>.
  std::vector<int32_t> ResponseIds(std::string_view text, int max_tokens) const {
    return ResponseIds(Encode(text), max_tokens);
  }
  static std::vector<int32_t> ResponseIds(std::vector<int32_t> encoded, int max_tokens);

  // Special tokens say nothing; byte tokens that form no character become U+FFFD. Ids must be in [0, size()).
  std::string Decode(const std::vector<int32_t>& ids) const;
  // The longest part of Decode(ids) that no further token can change: a character whose bytes are incomplete is left
  // out.
  std::string DecodeStable(const std::vector<int32_t>& ids) const;
  // One token for people: "▁hello" as " hello", a byte as "<0xE4>", "</s>" as it is.
  std::string PieceText(int32_t id) const;
  // Whether the token goes on with the word that the one before it has begun: "▁go", "ing". A token of punctuation, or
  // of a script that puts no spaces between words, stands for itself.
  bool ContinuesWord(int32_t id) const { return continues_word_[id]; }
  // Minus the log-probability of `text` under the unigram model, in nats.
  double Surprisal(std::string_view text) const;

  int size() const { return size_; }

 private:
  Tokenizer() = default;
  int TrailingIncompleteBytes(const std::vector<int32_t>& ids) const;

  std::unique_ptr<PieceModel> pieces_;
  std::vector<int16_t> byte_of_;      // [size] the byte that a token stands for, or -1
  std::vector<bool> continues_word_;  // [size]
  double fallback_nats_ = 0;          // what a character costs that no piece has
  int size_ = 0;
};

}  // namespace idiolect
