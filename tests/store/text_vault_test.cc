// Encryption at rest: what is sealed opens only as what it was sealed as, and only under its key.
#include "store/text_vault.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/sealed_bytes.h"

namespace idiolect {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr auto kDataLoss = absl::StatusCode::kDataLoss;

TextVault Vault(char letter) { return TextVault(SecretKey(std::string(kKeyBytes, letter))); }

Exchange Said() {
  return {.sequence = 7, .post = "how are you", .response = "could be better", .post_user = "bob", .source = "test"};
}

// What is known of an exchange before its texts are opened.
Exchange Numbered(int64_t sequence) {
  Exchange exchange;
  exchange.sequence = sequence;
  return exchange;
}

class TextVaultTest : public testing::Test {
 protected:
  UserCipher Cipher(const UserKey& user) { return vault_.Unwrap(user, wrapped_).value(); }

  const TextVault vault_ = Vault('k');
  const std::string wrapped_ = vault_.NewKey().value();
  const UserKey ann_{"acme", "ann"};
};

TEST_F(TextVaultTest, OpensWhatItSealed) {
  for (const std::string& post : {std::string(), std::string("hi"), std::string(20000, 'x'), std::string("a\0b", 3)}) {
    Exchange exchange = Said();
    exchange.post = post;
    const std::string sealed = Cipher(ann_).Seal(exchange).value();
    EXPECT_EQ(sealed.size(), UserCipher::kSealedOverhead + post.size() + 15 + 3 + 4);
    Exchange opened = Numbered(7);
    opened.time = exchange.time;
    ASSERT_TRUE(Cipher(ann_).Open(sealed, opened).ok());
    EXPECT_EQ(opened, exchange);
  }
}

TEST_F(TextVaultTest, SealedTextShowsNothingAndIsNeverTheSameTwice) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string sealed = Cipher(ann_).Seal(Said()).value();
    EXPECT_THAT(sealed, Not(HasSubstr("better")));
    EXPECT_TRUE(seen.insert(sealed).second);
  }
}

TEST_F(TextVaultTest, OpensOnlyAsTheSameExchange) {
  const std::string sealed = Cipher(ann_).Seal(Said()).value();
  const auto code = [&](const UserKey& user, int64_t sequence) {
    Exchange exchange = Numbered(sequence);
    return Cipher(user).Open(sealed, exchange).code();
  };
  EXPECT_EQ(code({"acme", "ann"}, 7), absl::StatusCode::kOk);
  EXPECT_EQ(code({"acme", "ann"}, 8), kDataLoss);
  EXPECT_EQ(code({"acme", "bob"}, 7), kDataLoss);
  EXPECT_EQ(code({"acmea", "nn"}, 7), kDataLoss);
}

TEST_F(TextVaultTest, EveryChangedByteIsNoticed) {
  const std::string sealed = Cipher(ann_).Seal(Said()).value();
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] ^= 1;
    Exchange exchange = Said();
    EXPECT_EQ(Cipher(ann_).Open(changed, exchange).code(), kDataLoss) << i;
  }
  for (size_t size = 0; size < sealed.size(); ++size) {
    Exchange exchange = Said();
    EXPECT_EQ(Cipher(ann_).Open(sealed.substr(0, size), exchange).code(), kDataLoss) << size;
  }
}

TEST_F(TextVaultTest, AnotherKeyOfTheSameUserOpensNothing) {
  const std::string sealed = Cipher(ann_).Seal(Said()).value();
  const UserCipher other = vault_.Unwrap(ann_, vault_.NewKey().value()).value();
  Exchange exchange = Numbered(7);
  EXPECT_EQ(other.Open(sealed, exchange).code(), kDataLoss);
  EXPECT_NE(other.Digest("id"), Cipher(ann_).Digest("id"));
  EXPECT_EQ(Cipher(ann_).Digest("id"), Cipher(ann_).Digest("id"));
}

TEST_F(TextVaultTest, WrappedKeyOpensUnderItsMasterKeyAlone) {
  EXPECT_EQ(wrapped_.size(), kWrappedKeyBytes);
  EXPECT_EQ(Vault('x').Unwrap(ann_, wrapped_).status().code(), kDataLoss);
  std::string changed = wrapped_;
  changed[3] ^= 1;
  EXPECT_EQ(vault_.Unwrap(ann_, changed).status().code(), kDataLoss);
}

TEST_F(TextVaultTest, RewrappedKeyOpensTheSameTexts) {
  const std::string sealed = Cipher(ann_).Seal(Said()).value();
  const std::string rewrapped = vault_.Rewrap(wrapped_, Vault('n')).value();
  EXPECT_EQ(rewrapped.substr(0, kKeyIdBytes), wrapped_.substr(0, kKeyIdBytes));
  Exchange exchange = Numbered(7);
  EXPECT_TRUE(Vault('n').Unwrap(ann_, rewrapped)->Open(sealed, exchange).ok());
  EXPECT_EQ(vault_.Unwrap(ann_, rewrapped).status().code(), kDataLoss);
}

TEST_F(TextVaultTest, CheckKnowsItsMasterKey) {
  const std::string check = vault_.MakeCheck().value();
  EXPECT_TRUE(vault_.Verify(check).ok());
  EXPECT_EQ(Vault('x').Verify(check).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(vault_.Verify("").code(), absl::StatusCode::kFailedPrecondition);
}

// Case 14 of the AES-GCM submission to NIST: a key, a nonce and a text of zeros.
TEST(SealedBytesTest, IsAes256Gcm) {
  const SecretKey zeros(std::string(kKeyBytes, '\0'));
  const std::string sealed = std::string(12, '\0') +
                             "\xce\xa7\x40\x3d\x4d\x60\x6b\x6e\x07\x4e\xc5\xd3\xba\xf3\x9d\x18"
                             "\xd0\xd1\xc8\xa7\x99\x99\x6b\xf0\x26\x5b\x98\xb5\xd4\x8a\xb9\x19";
  EXPECT_EQ(OpenBytes(zeros, "", sealed).value(), std::string(16, '\0'));
}

}  // namespace
}  // namespace idiolect
