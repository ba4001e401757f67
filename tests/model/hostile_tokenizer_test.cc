// tokenizer.model built to mislead: vocabularies that are not ours, and normalisation tables that lead out of bounds.
#include <cstring>
#include <functional>
#include <limits>

#include "tests/model/hostile_check.h"

namespace idiolect::testing {
namespace {

using text::TokenizerFile;

constexpr int kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6;

// A normalisation table from its trie's units and its texts.
std::string Table(const std::vector<uint32_t>& units, const std::string& texts) {
  const auto bytes = static_cast<uint32_t>(units.size() * sizeof(uint32_t));
  std::string table(reinterpret_cast<const char*>(&bytes), sizeof(bytes));
  table.append(reinterpret_cast<const char*>(units.data()), bytes);
  return table + texts;
}

uint32_t Unit(uint32_t offset, uint8_t label, bool leaf) { return offset << 10 | (leaf ? 1u << 8 : 0) | label; }
constexpr uint32_t kValue = 1u << 31;  // marks the unit of a leaf, which holds the place of its text

// "a", "aa", … up to `length` times "a", each with the same text.
std::vector<uint32_t> Chain(uint32_t length) {
  std::vector<uint32_t> units(256 * (length + 2), 0);
  units[0] = Unit(256, 0, false);
  for (uint32_t i = 1; i <= length; ++i) {
    const uint32_t at = 256 * i ^ 'a', next = i < length ? 256 * (i + 1) : 256 * (length + 1);
    units[at] = Unit(at ^ next, 'a', true);
    units[next] = kValue | 0;
  }
  return units;
}

// "a" leads back to itself and has a text each time.
std::vector<uint32_t> Loop() {
  std::vector<uint32_t> units(512, 0);
  units[0] = Unit(256, 0, false);
  units[256 ^ 'a'] = Unit('a', 'a', true);
  units[256] = kValue | 0;
  return units;
}

std::vector<uint32_t> With(std::vector<uint32_t> units, size_t at, uint32_t unit) {
  units[at] = unit;
  return units;
}

class HostileTokenizerTest : public HostileModelTest {
 protected:
  static TokenizerFile Tiny() { return ParseTokenizer(ModelFiles::Tiny().tokenizer); }
  void ExpectTokenizerRefused(const TokenizerFile& file, const std::string& fault) {
    ExpectBytesRefused(file.SerializePartialAsString(), fault);
  }
  void ExpectBytesRefused(const std::string& bytes, const std::string& fault) {
    ModelFiles files = ModelFiles::Tiny();
    files.tokenizer = bytes;
    ExpectRefused(files, "tokenizer.model", fault);
  }
  std::string TryTokenizer(const TokenizerFile& file) {
    ModelFiles files = ModelFiles::Tiny();
    files.tokenizer = file.SerializePartialAsString();
    return Try(files);
  }
};

struct EditCase {
  const char* name;
  std::function<void(TokenizerFile&)> edit;
  const char* fault;
};

const std::vector<EditCase>& VocabularyCases() {
  constexpr float kInf = std::numeric_limits<float>::infinity(), kNan = std::numeric_limits<float>::quiet_NaN();
  static const std::vector<EditCase> cases = {
      {"a piece less", [](auto& f) { f.mutable_pieces()->RemoveLast(); },
       "has 399 pieces; expected the config's vocab_size of 400"},
      {"a piece more", [](auto& f) { f.add_pieces()->set_piece("zzzzz"); }, "has 401 pieces"},
      {"no pieces", [](auto& f) { f.clear_pieces(); }, "a vocabulary of 0 pieces"},
      {"four pieces", [](auto& f) { f.mutable_pieces()->DeleteSubrange(4, 396); }, "a vocabulary of 4 pieces"},
      {"a piece twice", [](auto& f) { f.mutable_pieces(399)->set_piece(f.pieces(398).piece()); },
       "piece 399 stands in the vocabulary twice"},
      {"an empty piece", [](auto& f) { f.mutable_pieces(399)->set_piece(""); }, "piece 399 is empty"},
      {"a piece without text", [](auto& f) { f.mutable_pieces(399)->clear_piece(); }, "piece 399 is empty"},
      {"a piece that is not UTF-8", [](auto& f) { f.mutable_pieces(399)->set_piece("a\xFF"); },
       "piece 399 is empty or not UTF-8"},
      {"a surrogate", [](auto& f) { f.mutable_pieces(399)->set_piece("\xED\xA0\x80"); }, "not UTF-8"},
      {"a piece with a zero byte", [](auto& f) { f.mutable_pieces(399)->set_piece(std::string("a\0b", 3)); },
       "piece 399 holds a zero byte"},
      {"a piece that begins with one", [](auto& f) { f.mutable_pieces(399)->set_piece(std::string("\0", 1)); },
       "piece 399 holds a zero byte"},
      {"score NaN", [](auto& f) { f.mutable_pieces(399)->set_score(kNan); },
       "piece 399 has a score that is not a number"},
      {"score +Inf", [](auto& f) { f.mutable_pieces(399)->set_score(kInf); }, "piece 399 has a score"},
      {"score -Inf", [](auto& f) { f.mutable_pieces(0)->set_score(-kInf); }, "piece 0 has a score"},
      {"type 0", [](auto& f) { f.mutable_pieces(399)->set_type(0); }, "piece 399 is of an unknown type"},
      {"type 7", [](auto& f) { f.mutable_pieces(399)->set_type(7); }, "piece 399 is of an unknown type"},
      {"type -1", [](auto& f) { f.mutable_pieces(399)->set_type(-1); }, "unknown type"},
      {"type 2^31-1", [](auto& f) { f.mutable_pieces(399)->set_type(std::numeric_limits<int>::max()); },
       "unknown type"},
      {"byte in type only", [](auto& f) { f.mutable_pieces(399)->set_type(kByte); },
       "piece 399 is a byte in name or type only"},
      {"byte in name only", [](auto& f) { f.mutable_pieces(100)->set_type(kNormal); }, "byte in name or type only"},
      {"byte with a small letter", [](auto& f) { f.mutable_pieces(15)->set_piece("<0x0a>"); },
       "byte in name or type only"},
      {"byte with a third digit", [](auto& f) { f.mutable_pieces(15)->set_piece("<0x100>"); },
       "byte in name or type only"},
      {"byte with a sign", [](auto& f) { f.mutable_pieces(15)->set_piece("<0x-1>"); }, "byte in name or type only"},
      {"a byte less",
       [](auto& f) { f.mutable_pieces(15)->set_piece("zzzzz"), f.mutable_pieces(15)->set_type(kNormal); },
       "255 byte pieces; expected 256"},
      {"a byte twice", [](auto& f) { f.mutable_pieces(16)->set_piece(f.pieces(15).piece()); }, "twice"},
      {"two unknown pieces", [](auto& f) { f.mutable_pieces(399)->set_type(kUnknown); }, "<unk> must have id 1"},
      {"no unknown piece", [](auto& f) { f.mutable_pieces(1)->set_type(kNormal); }, "<unk> must have id 1"},
      {"<unk> elsewhere", [](auto& f) { f.mutable_pieces()->SwapElements(1, 399); }, "<unk> must have id 1"},
      {"<pad> and <s> exchanged", [](auto& f) { f.mutable_pieces()->SwapElements(0, 2); }, "<pad> must have id 0"},
      {"<s> and </s> exchanged", [](auto& f) { f.mutable_pieces()->SwapElements(2, 3); }, "<s> must have id 2"},
      {"</s> and <cls> exchanged", [](auto& f) { f.mutable_pieces()->SwapElements(3, 4); }, "</s> must have id 3"},
      {"<cls> renamed", [](auto& f) { f.mutable_pieces(4)->set_piece("<sep>"); }, "<cls> must have id 4"},
      {"<cls> normal", [](auto& f) { f.mutable_pieces(4)->set_type(kNormal); }, "<cls> must have id 4"},
      {"</s> user-defined", [](auto& f) { f.mutable_pieces(3)->set_type(kUserDefined); }, "</s> must have id 3"},
      {"a long user-defined piece",
       [](auto& f) {
         f.mutable_pieces(399)->set_piece(std::string(65, 'a')), f.mutable_pieces(399)->set_type(kUserDefined);
       },
       "user-defined and longer"},
      {"BPE", [](auto& f) { f.mutable_trainer_spec()->set_model_type(2); }, "not a unigram model"},
      {"words", [](auto& f) { f.mutable_trainer_spec()->set_model_type(3); }, "not a unigram model"},
      {"characters", [](auto& f) { f.mutable_trainer_spec()->set_model_type(4); }, "not a unigram model"},
      {"type 0 of model", [](auto& f) { f.mutable_trainer_spec()->set_model_type(0); }, "not a unigram model"},
      {"no byte fallback", [](auto& f) { f.clear_trainer_spec(); }, "not a SentencePiece model"},
      {"a surface of <unk> that is not UTF-8", [](auto& f) { f.mutable_trainer_spec()->set_unk_surface("\xFF"); },
       "not UTF-8"},
  };
  return cases;
}

TEST_F(HostileTokenizerTest, AVocabularyThatIsNotOursIsRefused) {
  for (const EditCase& c : VocabularyCases()) {
    SCOPED_TRACE(c.name);
    TokenizerFile file = Tiny();
    c.edit(file);
    ExpectTokenizerRefused(file, c.fault);
  }
}

struct TableCase {
  const char* name;
  std::string table;
  const char* fault;
};

std::vector<TableCase> TableCases() {
  const std::string texts("b\0", 2), long_text = std::string(257, 'b') + std::string(1, '\0');
  constexpr uint32_t kFar = (1u << 21) - 1;
  std::string odd_size = Table(Loop(), texts);
  odd_size[0] = 1;
  return {
      {"one byte", "x", "shorter than its header"},
      {"three bytes", "xxx", "shorter than its header"},
      {"only a size", std::string(4, '\0'), "size does not fit"},
      {"size 2^32-1", std::string("\xFF\xFF\xFF\xFF") + std::string(2048, '\0'), "size does not fit"},
      {"size not of whole units", odd_size, "size does not fit"},
      {"a trie too small for one step", Table(std::vector<uint32_t>(255, 0), texts), "size does not fit"},
      {"no texts", Table(Loop(), ""), "size does not fit"},
      {"a text without end", Table(Loop(), "b"), "not terminated"},
      {"root far outside", Table(With(Loop(), 0, Unit(kFar, 0, false)), texts), "outside the trie"},
      {"root far outside by the large step", Table(With(Loop(), 0, Unit(kFar, 0, false) | 1u << 9), texts),
       "outside the trie"},
      {"root one block outside", Table(With(Loop(), 0, Unit(512, 0, false)), texts), "outside the trie"},
      {"a trie not of whole blocks", Table(std::vector<uint32_t>(300, Unit(256, 0, false)), texts), "outside the trie"},
      {"a step outside", Table(With(Loop(), 256 ^ 'a', Unit(1024, 'a', false)), texts), "outside the trie"},
      {"a leaf outside the texts", Table(With(Chain(1), 512, kValue | 2), texts), "leaf points outside"},
      {"a leaf far outside", Table(With(Chain(1), 512, 0xFFFFFFFF), texts), "leaf points outside"},
      {"a text too long", Table(Chain(1), long_text), "longer than 256"},
      {"a text that is not UTF-8", Table(Chain(1), std::string("\xFF\0", 2)), "not UTF-8"},
      {"33 texts on a way", Table(Chain(33), texts), "more texts on one way"},
      {"1000 texts on a way", Table(Chain(1000), texts), "more texts on one way"},
      {"a loop of texts", Table(Loop(), texts), "more texts on one way"},
      {"a text of the root itself", Table(With(Loop(), 0, Unit(0, 0, true)), texts), "leaf points outside"},
      {"larger than a table may be", Table(Chain(2), std::string(1 << 20, '\0')), "larger than 1048576"},
  };
}

TEST_F(HostileTokenizerTest, ATableThatLeadsOutOfBoundsIsRefused) {
  for (const TableCase& c : TableCases()) {
    SCOPED_TRACE(c.name);
    TokenizerFile file = Tiny();
    file.mutable_normalizer_spec()->set_precompiled_charsmap(c.table);
    ExpectTokenizerRefused(file, c.fault);
    file = Tiny();
    file.mutable_denormalizer_spec()->set_precompiled_charsmap(c.table);
    ExpectTokenizerRefused(file, c.fault);
  }
}

TEST_F(HostileTokenizerTest, OddButHarmlessTokenizersWork) {
  const std::string texts("b\0", 2);
  const std::vector<EditCase> cases = {
      {"no table", [](auto& f) { f.mutable_normalizer_spec()->clear_precompiled_charsmap(); }, ""},
      {"a table of nothing",
       [&](auto& f) {
         f.mutable_normalizer_spec()->set_precompiled_charsmap(Table(std::vector<uint32_t>(256, 0), texts));
       },
       ""},
      {"32 texts on a way",
       [&](auto& f) { f.mutable_normalizer_spec()->set_precompiled_charsmap(Table(Chain(32), texts)); }, ""},
      {"everything unused",
       [](auto& f) {
         for (int id = 261; id < 400; ++id) f.mutable_pieces(id)->set_type(kUnused);
       },
       ""},
      {"everything user-defined",
       [](auto& f) {
         for (int id = 261; id < 400; ++id) f.mutable_pieces(id)->set_type(kUserDefined);
       },
       ""},
      {"64 nested user-defined pieces",
       [](auto& f) {
         for (int n = 1; n <= 64; ++n)
           f.mutable_pieces(335 + n)->set_piece(std::string(n, 'a')), f.mutable_pieces(335 + n)->set_type(kUserDefined);
         for (int id = 261; id < 336; ++id)
           f.mutable_pieces(id)->set_piece(std::string("zz").append(std::to_string(id)));
       },
       ""},
      {"lowest scores",
       [](auto& f) {
         for (int id = 261; id < 400; ++id) f.mutable_pieces(id)->set_score(-std::numeric_limits<float>::max());
       },
       ""},
      {"highest scores",
       [](auto& f) {
         for (int id = 261; id < 400; ++id) f.mutable_pieces(id)->set_score(std::numeric_limits<float>::max());
       },
       ""},
      {"a normal piece of 100 kB", [](auto& f) { f.mutable_pieces(399)->set_piece(std::string(100000, 'a')); }, ""},
  };
  for (const EditCase& c : cases) {
    SCOPED_TRACE(c.name);
    TokenizerFile file = Tiny();
    c.edit(file);
    EXPECT_EQ(TryTokenizer(file), "");
  }
}

TEST_F(HostileTokenizerTest, WhatIsNoProtobufIsRefused) {
  const std::string empty_pieces = [] {  // 2 bytes each in the file, and each would take fifty in memory
    std::string bytes;
    for (int i = 0; i < 8'000'000; ++i) bytes += '\x0A', bytes += '\0';
    return bytes;
  }();
  const std::pair<std::string, const char*> cases[] = {{"", "a vocabulary of 0 pieces"},
                                                       {"hello", "not a SentencePiece model"},
                                                       {std::string(1000, '\0'), "not a SentencePiece model"},
                                                       {std::string(1000, '\xFF'), "not a SentencePiece model"},
                                                       {"\x0A\xFF\xFF\xFF\xFF\x07", "not a SentencePiece model"},
                                                       {std::string(100000, '\x0B'), "not a SentencePiece model"},
                                                       {empty_pieces, "more than 1048576 pieces"}};
  for (const auto& [bytes, fault] : cases) ExpectBytesRefused(bytes, fault);
  ExpectBytesRefused(std::string((64 << 20) + 1, '\0'), "larger than 67108864 bytes");
}

}  // namespace
}  // namespace idiolect::testing
