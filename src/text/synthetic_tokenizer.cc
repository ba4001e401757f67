#include "text/synthetic_tokenizer.h"

#include <cmath>
#include <cstdio>

#include "tokenizer_file.pb.h"

namespace idiolect {
namespace {

constexpr int kNormal = 1, kUnknown = 2, kControl = 3, kByte = 6;

void AddPiece(text::TokenizerFile& file, const std::string& piece, int type, double score) {
  text::TokenizerFile::Piece& added = *file.add_pieces();
  added.set_piece(piece);
  added.set_type(type);
  added.set_score(static_cast<float>(score));
}

}  // namespace

std::string SyntheticWord(int index) {
  std::string word(5, 'a');
  for (char& letter : word) {
    letter = static_cast<char>('a' + index % 26);
    index /= 26;
  }
  return word;
}

std::string SyntheticTokenizer(int vocab_size) {
  text::TokenizerFile file;
  AddPiece(file, "<pad>", kControl, 0);
  AddPiece(file, "<unk>", kUnknown, 0);
  for (const char* piece : {"<s>", "</s>", "<cls>"}) AddPiece(file, piece, kControl, 0);
  for (int byte = 0; byte < 256; ++byte) {
    char name[8];
    std::snprintf(name, sizeof name, "<0x%02X>", byte);
    AddPiece(file, name, kByte, 0);
  }
  const int words = vocab_size - kPiecesBeforeWords;
  for (int i = 0; i < words; ++i) AddPiece(file, "\u2581" + SyntheticWord(i), kNormal, -std::log(2.0 + i));
  file.mutable_trainer_spec()->set_byte_fallback(true);
  return file.SerializeAsString();
}

}  // namespace idiolect
