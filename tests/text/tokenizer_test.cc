#include "text/tokenizer.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <filesystem>

#include "tests/support/fixtures.h"
#include "text/synthetic_tokenizer.h"
#include "text/utf8.h"

namespace idiolect {
namespace {

constexpr int32_t kFirstByte = 5;  // the fixture's bytes stand right behind the special tokens

const Tokenizer& Tiny() {
  static const std::unique_ptr<Tokenizer> tokenizer =
      *Tokenizer::Load(testing::SourceDir() + "/tests/model/fixtures/tokenizer.model");
  return *tokenizer;
}

std::vector<int32_t> Bytes(std::string_view bytes) {
  std::vector<int32_t> ids;
  for (unsigned char byte : bytes) ids.push_back(kFirstByte + byte);
  return ids;
}

// Token ids as a model could emit them: pieces of every kind, and bytes that form characters, halves of them or
// nonsense.
rc::Gen<std::vector<int32_t>> AnyIds() {
  const auto piece =
      rc::gen::map(rc::gen::inRange<int32_t>(0, Tiny().size()), [](int32_t id) { return std::vector<int32_t>{id}; });
  const auto byte = rc::gen::map(rc::gen::inRange<int32_t>(0x80, 0x100),
                                 [](int32_t b) { return std::vector<int32_t>{kFirstByte + b}; });
  const auto bytes =
      rc::gen::map(rc::gen::element<std::string>("\xC3\xA9", "\xE4\xBD\xA0", "\xF0\x9F\x8E\x89", "\xE4\xBD",
                                                 "\xF0\x9F\x8E", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE0\x80\x80",
                                                 "\xE2\x96\x81", "\xC0\x80", " ", "a", "\xEF\xBF\xBD"),
                   [](const std::string& text) { return Bytes(text); });
  const auto parts = rc::gen::container<std::vector<std::vector<int32_t>>>(rc::gen::oneOf(piece, byte, bytes));
  return rc::gen::map(parts, [](const std::vector<std::vector<int32_t>>& lists) {
    std::vector<int32_t> ids;
    for (const auto& list : lists) ids.insert(ids.end(), list.begin(), list.end());
    return ids;
  });
}

TEST(TokenizerTest, TextComesBack) {
  for (const char* text :
       {"Good morning, did you sleep well?", "a", "42", "\xE5\xA5\xBD\xE5\x90\x97",
        "\xF0\x9F\x8E\x89 it is green \xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x9A\x80",
        "it's 100% \"so\" <unk> </s> <0xE4>", "caf\xC3\xA9 \xD0\xB4\xD0\xB0 \xD8\xB3\xD9\x84\xD8\xA7\xD9\x85"}) {
    EXPECT_EQ(Tiny().Decode(Tiny().Encode(text)), text);
  }
}

TEST(TokenizerTest, EveryRandomTextGivesPlainTokensAndValidText) {
  EXPECT_TRUE(rc::check([](const std::string& bytes) {  // bytes of any kind, seldom UTF-8
    const std::vector<int32_t> ids = Tiny().Encode(bytes);
    for (int32_t id : ids) RC_ASSERT(id > kCls && id < Tiny().size());
    RC_ASSERT(IsValidUtf8(Tiny().Decode(ids)));
  }));
  EXPECT_TRUE(rc::check([] {
    const auto words = *rc::gen::container<std::vector<std::string>>(
        rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange('a', 'z'))));
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    RC_ASSERT(Tiny().Decode(Tiny().Encode(text)) == text);
  }));
}

TEST(TokenizerTest, SpecialTokensAreNeverReadFromText) {
  for (const char* text : {"<pad>", "<s>", "</s>", "<cls>", "<unk>", "hello</s>", "</s></s>"}) {
    for (int32_t id : Tiny().Encode(text)) EXPECT_GT(id, kCls) << text;
  }
}

TEST(TokenizerTest, WhatIsStableNeverChanges) {
  EXPECT_TRUE(rc::check([] {
    const std::vector<int32_t> all = *AnyIds();
    const std::string whole = Tiny().Decode(all);
    RC_ASSERT(IsValidUtf8(whole));
    std::string before;
    for (size_t k = 0; k <= all.size(); ++k) {
      const std::string stable = Tiny().DecodeStable({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(k)});
      RC_ASSERT(IsValidUtf8(stable));
      RC_ASSERT(stable.starts_with(before));
      RC_ASSERT(whole.starts_with(stable));
      before = stable;
    }
  }));
}

TEST(TokenizerTest, OnlyAnIncompleteCharacterIsHeldBack) {
  const std::vector<int32_t> ids = Bytes("\xF0\x9F\x8E\x89");
  for (size_t k = 0; k < 4; ++k)
    EXPECT_EQ(Tiny().DecodeStable({ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(k)}), "");
  EXPECT_EQ(Tiny().DecodeStable(ids), "\xF0\x9F\x8E\x89");
  EXPECT_EQ(Tiny().DecodeStable(Bytes("ab\x80")), "ab\xEF\xBF\xBD");  // no byte can make that a character
  EXPECT_EQ(Tiny().Decode(Bytes("ab\xE4\xBD")), "ab\xEF\xBF\xBD\xEF\xBF\xBD");
  std::vector<int32_t> ended = Bytes("\xE4\xBD");
  ended.push_back(kEos);  // a special token ends the character
  EXPECT_EQ(Tiny().DecodeStable(ended), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(TokenizerTest, APostKeepsItsEndAndAResponseItsBeginning) {
  const std::string text = "the soup is cold and the walk home was long";
  const std::vector<int32_t> all = Tiny().Encode(text);
  ASSERT_GT(all.size(), 10u);
  for (int limit : {2, 3, 10, static_cast<int>(all.size()), static_cast<int>(all.size()) + 1, 4096}) {
    SCOPED_TRACE(limit);
    const size_t kept = std::min<size_t>(all.size(), limit - 1);
    const std::vector<int32_t> post = Tiny().PostIds(text, limit), response = Tiny().ResponseIds(text, limit);
    ASSERT_EQ(post.size(), kept + 1);
    ASSERT_EQ(response.size(), kept + 1);
    EXPECT_EQ(post.back(), kEos);
    EXPECT_EQ(response.back(), kEos);
    EXPECT_TRUE(std::equal(post.begin(), post.end() - 1, all.end() - static_cast<std::ptrdiff_t>(kept)));
    EXPECT_TRUE(std::equal(response.begin(), response.end() - 1, all.begin()));
  }
}

TEST(TokenizerTest, EmptyTextIsItsEndAlone) {
  EXPECT_EQ(Tiny().PostIds("", 8), std::vector<int32_t>{kEos});
  EXPECT_EQ(Tiny().ResponseIds(" ", 8), std::vector<int32_t>{kEos});
  EXPECT_EQ(Tiny().Decode({}), "");
  EXPECT_EQ(Tiny().DecodeStable({}), "");
  EXPECT_EQ(Tiny().Decode({kPad, kBos, kEos, kCls}), "");
  EXPECT_EQ(Tiny().Surprisal(""), 0);
}

TEST(TokenizerTest, AZeroByteEndsNothing) {
  const std::string decoded = Tiny().Decode(Tiny().Encode(std::string("soup\0cold", 9)));
  EXPECT_NE(decoded.find("soup"), decoded.npos);
  EXPECT_NE(decoded.find("cold"), decoded.npos);
}

TEST(TokenizerTest, InvalidUtf8BecomesTheReplacementCharacter) {
  EXPECT_EQ(Tiny().Decode(Tiny().Encode("a\xFF"
                                        "b")),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(Tiny().Decode(Tiny().Encode("\xED\xA0\x80")), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(Tiny().Decode(Tiny().Encode("a\xE4\xBD")), "a\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(TokenizerTest, AVeryLongTextComesBack) {
  std::string text;
  while (text.size() < (1 << 20)) text += "soup \xF0\x9F\x8E\x89 and noodles ";
  text.pop_back();
  const std::vector<int32_t> ids = Tiny().Encode(text);
  EXPECT_GT(ids.size(), 100000u);
  EXPECT_EQ(Tiny().Decode(ids), text);
  EXPECT_EQ(Tiny().PostIds(text, 32).size(), 32u);
  EXPECT_EQ(Tiny().Decode(Tiny().Encode(std::string(1 << 20, 'x'))), std::string(1 << 20, 'x'));  // one word
}

TEST(TokenizerTest, SurprisalAddsUpWordByWord) {
  const std::string words[] = {"soup", "zyzzyva", "the", "\xF0\x9F\x8E\x89", "\xE5\xA5\xBD", "42"};
  std::string text;
  double sum = 0;
  for (const std::string& word : words) {
    EXPECT_GT(Tiny().Surprisal(word), 0) << word;
    text += (text.empty() ? "" : " ") + word;
    sum += Tiny().Surprisal(word);
    EXPECT_NEAR(Tiny().Surprisal(text), sum, 1e-3 * sum) << text;
  }
  EXPECT_GT(Tiny().Surprisal("zyzzyva"), Tiny().Surprisal("the"));
  // A character that no piece has is the rarest of all, and two are rarer than one.
  EXPECT_GT(Tiny().Surprisal("\xF0\x9F\xA6\x84"), Tiny().Surprisal("w"));
  EXPECT_GT(Tiny().Surprisal("\xF0\x9F\xA6\x84\xF0\x9F\xA6\x84"), Tiny().Surprisal("\xF0\x9F\xA6\x84") + 10);
}

TEST(TokenizerTest, PiecesArePrintedForPeople) {
  EXPECT_EQ(Tiny().PieceText(kEos), "</s>");
  EXPECT_EQ(Tiny().PieceText(kFirstByte + 0xE4), "<0xE4>");
  EXPECT_EQ(Tiny().PieceText(Tiny().Encode("the")[0])[0], ' ');
}

TEST(TokenizerTest, KnowsWhatContinuesAWord) {
  const auto begun = [](const std::string& text) {
    std::vector<bool> continues;
    for (const int32_t id : Tiny().Encode(text)) continues.push_back(Tiny().ContinuesWord(id));
    return continues;
  };
  EXPECT_EQ(begun("the"), std::vector<bool>{false});
  const std::vector<bool> word = begun("zyzzyva");
  EXPECT_FALSE(word[0]);
  EXPECT_EQ(std::count(word.begin() + 1, word.end(), false), 0);
  EXPECT_FALSE(begun("the!").back()) << "punctuation";
  EXPECT_TRUE(begun("the's").back());
  EXPECT_TRUE(Tiny().ContinuesWord(kFirstByte)) << "a byte may belong to anything";
  EXPECT_FALSE(Tiny().ContinuesWord(kEos));
}

TEST(TokenizerTest, ContinuesAWordByTheScriptOfItsFirstCharacter) {
  const std::pair<std::string, bool> pieces[] = {
      {"\xC2\xBB", false},    {"\xC2\xB5", true},      {"\xC3\xA9", true},      {"\xD0\xB4", true},
      {"\xE2\x80\x99", true}, {"\xE2\x80\x94", false}, {"\xE4\xB8\xAD", false}, {"\xED\x95\x9C", true}};
  std::string bytes = SyntheticTokenizer(kPiecesBeforeWords + static_cast<int>(std::size(pieces)));
  for (size_t i = 0; i < std::size(pieces); ++i) {  // each in the room of a made-up word
    const std::string word = "\xE2\x96\x81" + SyntheticWord(static_cast<int>(i));
    std::string piece = pieces[i].first;
    piece.resize(word.size(), 'a');
    bytes.replace(bytes.find(word), word.size(), piece);
  }
  const auto tokenizer = Tokenizer::FromBytes(bytes);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  for (size_t i = 0; i < std::size(pieces); ++i)
    EXPECT_EQ((*tokenizer)->ContinuesWord(kPiecesBeforeWords + static_cast<int>(i)), pieces[i].second) << i;
}

TEST(TokenizerTest, WhatIsNoTokenizerIsRefusedByName) {
  const std::string dir = testing::MakeTempDir();
  EXPECT_TRUE(absl::IsNotFound(Tokenizer::Load(dir + "/none").status()));
  for (const std::string& path : {dir, std::string("/dev/null"), testing::SourceDir() + "/VERSION"}) {
    const auto tokenizer = Tokenizer::Load(path);
    EXPECT_TRUE(absl::IsInvalidArgument(tokenizer.status())) << path;
    EXPECT_EQ(tokenizer.status().message().find(path + ": "), 0u) << tokenizer.status();
  }
}

}  // namespace
}  // namespace idiolect
