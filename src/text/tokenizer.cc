#include "text/tokenizer.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "text/tokenizer_file.h"
#include "text/utf8.h"

namespace idiolect {
namespace {

constexpr double kUnknownPenalty = 10;  // SentencePiece's: an unknown character scores so much below the worst piece
constexpr char kSpaceMark[] = "\xE2\x96\x81";  // ▁, which SentencePiece writes for a space

// How many bytes a UTF-8 character has that begins with `lead`; 0: none begins so.
int CharacterLength(int lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

// Digits, apostrophes and all characters up to U+1FFF but the punctuation of ASCII and Latin-1, most of which are
// letters of scripts that put spaces between words, and Hangul. All else begins a word (the mark of a space), is
// punctuation, or a word by itself.
bool BeginsInsideWord(std::string_view piece) {
  constexpr int kLatin1Letters = 0xC0, kGeneralPunctuation = 0x2000, kEastAsia = 0x2E80, kQuote = 0x2019;
  if (piece.empty()) return false;
  const int c = TakeUtf8Character(piece);
  if (c < 0x80) return c >= 0 && (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '\'');
  if (c < kLatin1Letters) return c == 0xAA || c == 0xB5 || c == 0xBA;  // ª µ º
  const bool hangul = c >= 0xAC00 && c <= 0xD7A3;
  return c < kGeneralPunctuation || c == kQuote || (c >= 0x2C00 && c < kEastAsia) || hangul;
}

int ByteValue(const std::string& piece) {  // "<0xE4>"
  return std::stoi(piece.substr(3, 2), nullptr, 16);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Tokenizer>> Tokenizer::Load(const std::string& path) {
  std::error_code error;
  if (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": not a regular file"));
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::NotFoundError(absl::StrCat(path, ": cannot be opened; expected a SentencePiece model"));
  const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  auto tokenizer = FromBytes(bytes);
  if (!tokenizer.ok()) return absl::InvalidArgumentError(absl::StrCat(path, ": ", tokenizer.status().message()));
  return tokenizer;
}

absl::StatusOr<std::unique_ptr<Tokenizer>> Tokenizer::FromBytes(std::string_view bytes) {
  if (absl::Status checked = CheckTokenizerFile(bytes); !checked.ok()) return checked;
  auto tokenizer = std::unique_ptr<Tokenizer>(new Tokenizer);
  std::string error;
  tokenizer->pieces_ = PieceModel::FromBytes(bytes, &error);
  if (tokenizer->pieces_ == nullptr)
    return absl::InvalidArgumentError(absl::StrCat("not a SentencePiece model: ", error));
  const PieceModel& pieces = *tokenizer->pieces_;
  tokenizer->size_ = pieces.size();
  tokenizer->byte_of_.assign(tokenizer->size_, -1);
  tokenizer->continues_word_.assign(tokenizer->size_, true);  // a byte may belong to anything
  for (int id = 0; id < tokenizer->size_; ++id) {
    if (pieces.IsByte(id)) {
      tokenizer->byte_of_[id] = static_cast<int16_t>(ByteValue(pieces.Piece(id)));
    } else {
      tokenizer->continues_word_[id] = BeginsInsideWord(pieces.Piece(id));
      tokenizer->fallback_nats_ = std::max(tokenizer->fallback_nats_, kUnknownPenalty - pieces.Score(id));
    }
  }
  return tokenizer;
}

std::vector<int32_t> Tokenizer::Encode(std::string_view text) const {
  const std::vector<int> ids = pieces_->Encode(text);
  return {ids.begin(), ids.end()};
}

std::vector<int32_t> Tokenizer::PostIds(std::string_view text, int max_tokens) const {
  std::vector<int32_t> ids = Encode(text);
  const size_t kept = max_tokens - 1;
  if (ids.size() > kept) ids.erase(ids.begin(), ids.end() - kept);
  ids.push_back(kEos);
  return ids;
}

std::vector<int32_t> Tokenizer::ResponseIds(std::vector<int32_t> encoded, int max_tokens) {
  encoded.resize(std::min<size_t>(encoded.size(), max_tokens - 1));
  encoded.push_back(kEos);
  return encoded;
}

std::string Tokenizer::Decode(const std::vector<int32_t>& ids) const {
  return pieces_->Decode({ids.begin(), ids.end()});
}

int Tokenizer::TrailingIncompleteBytes(const std::vector<int32_t>& ids) const {
  const int limit = std::min<int>(3, ids.size());
  for (int back = 1; back <= limit; ++back) {
    const int byte = byte_of_[ids[ids.size() - back]];
    if (byte < 0) return 0;
    if (byte < 0x80 || byte >= 0xC0) return CharacterLength(byte) > back ? back : 0;  // a lead byte: complete already?
  }
  return 0;
}

std::string Tokenizer::DecodeStable(const std::vector<int32_t>& ids) const {
  const int open = TrailingIncompleteBytes(ids);
  return open == 0 ? Decode(ids) : Decode({ids.begin(), ids.end() - open});
}

std::string Tokenizer::PieceText(int32_t id) const {
  return absl::StrReplaceAll(pieces_->Piece(id), {{kSpaceMark, " "}});
}

double Tokenizer::Surprisal(std::string_view text) const {
  double nats = 0;
  for (int32_t id : Encode(text)) {
    // The file gives bytes no score. The model chose them where no piece fits, at its price for an unknown character.
    const bool begins_character = byte_of_[id] >= 0 && CharacterLength(byte_of_[id]) > 0;
    nats += byte_of_[id] < 0 ? -pieces_->Score(id) : begins_character ? fallback_nats_ : 0;
  }
  return nats;
}

}  // namespace idiolect
