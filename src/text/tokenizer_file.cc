#include "text/tokenizer_file.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "text/utf8.h"
#include "tokenizer_file.pb.h"

namespace idiolect {
namespace {

using google::protobuf::internal::WireFormatLite;
using text::TokenizerFile;

constexpr int kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kByte = 6;
constexpr int kMaxPieces = 1 << 20;
constexpr size_t kMaxUserDefinedBytes = 64;  // the library has room for 64 of them that are prefixes of one another

absl::Status Fault(const std::string& what) { return absl::InvalidArgumentError(what); }

// The normalisation table is a double-array trie (32-bit units) and the blob of zero-terminated texts that its leaves
// point to. A unit holds a label (low 8 bits, and bit 31 for a leaf), an offset and a flag «a leaf follows».
class CharacterMap {
 public:
  explicit CharacterMap(std::string_view bytes) : bytes_(bytes) {}

  absl::Status Check() {
    uint32_t trie_bytes = 0;
    if (bytes_.size() > kMaxBytes) return Fault(absl::StrCat("normalisation table: larger than ", kMaxBytes, " bytes"));
    if (bytes_.size() < sizeof(trie_bytes)) return Fault("normalisation table: shorter than its header");
    std::memcpy(&trie_bytes, bytes_.data(), sizeof(trie_bytes));
    if (trie_bytes % 4 != 0 || trie_bytes < 1024 || trie_bytes >= bytes_.size() - sizeof(trie_bytes)) {
      return Fault("normalisation table: its trie's size does not fit the table");
    }
    units_.resize(trie_bytes / 4);
    std::memcpy(units_.data(), bytes_.data() + sizeof(trie_bytes), trie_bytes);
    texts_ = bytes_.substr(sizeof(trie_bytes) + trie_bytes);
    if (texts_.back() != '\0') return Fault("normalisation table: its texts are not terminated");
    return Walk();
  }

 private:
  static uint32_t Offset(uint32_t unit) { return (unit >> 10) << ((unit & (1u << 9)) >> 6); }
  static bool HasLeaf(uint32_t unit) { return (unit >> 8) & 1; }
  static uint32_t Label(uint32_t unit) { return unit & ((1u << 31) | 0xFF); }

  // Visits every unit that some input can reach and checks every index before it is used. A unit is visited again when
  // a way with more leaves leads to it, so that a loop of leaves is found too; one without leaves changes nothing.
  absl::Status Walk() {
    leaves_.assign(units_.size(), -1);
    leaves_[0] = 0;
    std::vector<uint32_t> open = {0};
    while (!open.empty()) {
      const uint32_t at = open.back();
      open.pop_back();
      const uint32_t base = at ^ Offset(units_[at]);
      // The lowest 8 bits of `base` are free in a step: with the highest of them inside, all are.
      if ((base | 0xFF) >= units_.size()) return Fault("normalisation table: an offset points outside the trie");
      if (absl::Status s = CheckLeaf(at, base); !s.ok()) return s;
      if (leaves_[at] > kMaxLeaves)
        return Fault("normalisation table: more texts on one way than the library has room for");
      for (uint32_t label = 0; label < 256; ++label) {
        const uint32_t next = base ^ label;
        if (Label(units_[next]) != label) continue;
        const int leaves = leaves_[at] + HasLeaf(units_[next]);
        if (leaves <= leaves_[next]) continue;
        leaves_[next] = static_cast<int8_t>(leaves);
        open.push_back(next);
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckLeaf(uint32_t at, uint32_t base) const {
    if (!HasLeaf(units_[at])) return absl::OkStatus();
    const uint32_t place = units_[base] & 0x7FFFFFFF;
    if (place >= texts_.size()) return Fault("normalisation table: a leaf points outside the texts");
    const std::string_view start = texts_.substr(place, kMaxTextBytes + 1);
    const size_t length = start.find('\0');
    if (length == start.npos || !IsValidUtf8(start.substr(0, length))) {
      return Fault(absl::StrCat("normalisation table: a text is not UTF-8 or longer than ", kMaxTextBytes, " bytes"));
    }
    return absl::OkStatus();
  }

  static constexpr size_t kMaxBytes = 1 << 20;  // of which the largest of SentencePiece's own take a third
  static constexpr size_t kMaxTextBytes =
      256;                               // Unicode's longest replacement has 33; an endless one would fill memory
  static constexpr int kMaxLeaves = 32;  // the library keeps what it meets on its way in an array of this size

  std::vector<int8_t> leaves_;  // [units] the most leaves on a way to and with the unit; -1: none leads there
  std::string_view bytes_, texts_;
  std::vector<uint32_t> units_;
};

absl::Status CheckNormalizer(const TokenizerFile::NormalizerSpec& spec) {
  return spec.precompiled_charsmap().empty() ? absl::OkStatus() : CharacterMap(spec.precompiled_charsmap()).Check();
}

bool IsBytePiece(std::string_view piece) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  return piece.size() == 6 && piece.substr(0, 3) == "<0x" && piece[5] == '>' && kHex.find(piece[3]) != kHex.npos &&
         kHex.find(piece[4]) != kHex.npos;
}

// Counted before anything is built from them: an empty piece takes 2 bytes of a file and fifty of memory.
absl::Status CountPieces(std::string_view bytes) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(bytes.data()),
                                            static_cast<int>(bytes.size()));
  int count = 0;
  while (const uint32_t tag = in.ReadTag()) {
    if (WireFormatLite::GetTagFieldNumber(tag) == TokenizerFile::kPiecesFieldNumber && ++count > kMaxPieces) {
      return Fault(absl::StrCat("more than ", kMaxPieces, " pieces"));
    }
    if (!WireFormatLite::SkipField(&in, tag)) break;  // the parser will say so
  }
  return absl::OkStatus();
}

absl::Status CheckPieces(const TokenizerFile& file) {
  if (file.pieces_size() < 5 || file.pieces_size() > kMaxPieces) {
    return Fault(absl::StrCat("a vocabulary of ", file.pieces_size(), " pieces; expected 5 to ", kMaxPieces));
  }
  absl::flat_hash_set<std::string_view> seen;
  int bytes = 0;
  for (int id = 0; id < file.pieces_size(); ++id) {
    const auto& piece = file.pieces(id);
    if (piece.piece().empty() || !IsValidUtf8(piece.piece()))
      return Fault(absl::StrCat("piece ", id, " is empty or not UTF-8"));
    if (piece.piece().find('\0') != std::string::npos) return Fault(absl::StrCat("piece ", id, " holds a zero byte"));
    if (piece.type() == kUserDefined && piece.piece().size() > kMaxUserDefinedBytes) {
      return Fault(absl::StrCat("piece ", id, " is user-defined and longer than ", kMaxUserDefinedBytes, " bytes"));
    }
    if (!seen.insert(piece.piece()).second) return Fault(absl::StrCat("piece ", id, " stands in the vocabulary twice"));
    if (!std::isfinite(piece.score())) return Fault(absl::StrCat("piece ", id, " has a score that is not a number"));
    if (piece.type() < kNormal || piece.type() > kByte)
      return Fault(absl::StrCat("piece ", id, " is of an unknown type"));
    if ((piece.type() == kByte) != IsBytePiece(piece.piece()))
      return Fault(absl::StrCat("piece ", id, " is a byte in name or type only"));
    bytes += piece.type() == kByte;
    if ((piece.type() == kUnknown) != (id == 1)) return Fault("<unk> must have id 1 and be the only unknown piece");
  }
  if (bytes != 256) return Fault(absl::StrCat(bytes, " byte pieces; expected 256 (byte fallback)"));
  return absl::OkStatus();
}

absl::Status CheckSpecialPieces(const TokenizerFile& file) {
  constexpr std::pair<int, const char*> kSpecial[] = {{0, "<pad>"}, {2, "<s>"}, {3, "</s>"}, {4, "<cls>"}};
  for (auto [id, name] : kSpecial) {
    if (file.pieces(id).piece() != name || file.pieces(id).type() != kControl) {
      return Fault(absl::StrCat("the control piece ", name, " must have id ", id));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckTokenizerFile(std::string_view bytes) {
  TokenizerFile file;
  if (bytes.size() > std::numeric_limits<int>::max()) return Fault("larger than 2 GiB");
  if (absl::Status s = CountPieces(bytes); !s.ok()) return s;
  if (!file.ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Fault("not a SentencePiece model (its protobuf can't be parsed)");
  }
  if (file.trainer_spec().model_type() != 1) return Fault("not a unigram model");
  if (!IsValidUtf8(file.trainer_spec().unk_surface())) return Fault("its text for unknown pieces is not UTF-8");
  if (absl::Status s = CheckPieces(file); !s.ok()) return s;
  if (absl::Status s = CheckSpecialPieces(file); !s.ok()) return s;
  if (absl::Status s = CheckNormalizer(file.normalizer_spec()); !s.ok()) return s;
  return CheckNormalizer(file.denormalizer_spec());
}

}  // namespace idiolect
