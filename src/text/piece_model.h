// SentencePiece behind a wall: its public header declares names in abseil's namespace that clash with abseil's own, so
// the one file that includes it may include nothing of abseil, and everybody else includes this.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace idiolect {

class PieceModel {
 public:
  // Null when SentencePiece can't use the bytes; `error` then says why. The bytes must have passed CheckTokenizerFile.
  static std::unique_ptr<PieceModel> FromBytes(std::string_view bytes, std::string* error);
  ~PieceModel();

  int size() const;
  std::vector<int> Encode(std::string_view text) const;
  std::string Decode(const std::vector<int>& ids) const;
  std::string Piece(int id) const;
  double Score(int id) const;  // log-probability in the unigram model
  bool IsByte(int id) const;

 private:
  struct Impl;
  PieceModel();
  std::unique_ptr<Impl> impl_;
};

}  // namespace idiolect
