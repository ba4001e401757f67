#include "store/sealed_bytes.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <memory>

namespace idiolect {
namespace {

constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }  // and overwrites it
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

unsigned char* Data(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }
const unsigned char* Data(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

// Looked up once: OpenSSL's search for the algorithm takes longer than sealing a message.
const EVP_CIPHER* Aes256Gcm() {
  static const EVP_CIPHER* const kCipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return kCipher;
}

bool Encrypt(EVP_CIPHER_CTX* context, const SecretKey& key, std::string_view aad, std::string_view text,
             std::string& sealed) {
  unsigned char* out = Data(sealed) + kNonceBytes;
  int size = 0;
  return EVP_EncryptInit_ex2(context, Aes256Gcm(), key.data(), Data(sealed), nullptr) == 1 &&
         EVP_EncryptUpdate(context, nullptr, &size, Data(aad), static_cast<int>(aad.size())) == 1 &&
         EVP_EncryptUpdate(context, out, &size, Data(text), static_cast<int>(text.size())) == 1 &&
         EVP_EncryptFinal_ex(context, out + size, &size) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, kTagBytes, out + text.size()) == 1;
}

bool Decrypt(EVP_CIPHER_CTX* context, const SecretKey& key, std::string_view aad, std::string_view sealed,
             std::string& text) {
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  int size = 0;
  return EVP_DecryptInit_ex2(context, Aes256Gcm(), key.data(), Data(sealed), nullptr) == 1 &&
         EVP_DecryptUpdate(context, nullptr, &size, Data(aad), static_cast<int>(aad.size())) == 1 &&
         EVP_DecryptUpdate(context, Data(text), &size, Data(sealed) + kNonceBytes, static_cast<int>(text.size())) ==
             1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
         EVP_DecryptFinal_ex(context, Data(text) + size, &size) == 1;
}

}  // namespace

absl::StatusOr<std::string> SealBytes(const SecretKey& key, std::string_view context, std::string_view text) {
  std::string sealed(kNonceBytes + text.size() + kTagBytes, '\0');
  const Context cipher(EVP_CIPHER_CTX_new());
  if (RAND_bytes(Data(sealed), kNonceBytes) != 1 || cipher == nullptr ||
      !Encrypt(cipher.get(), key, context, text, sealed)) {
    return absl::InternalError("encryption failed");
  }
  return sealed;
}

absl::StatusOr<std::string> OpenBytes(const SecretKey& key, std::string_view context, std::string_view sealed) {
  const Context cipher(EVP_CIPHER_CTX_new());
  std::string text(sealed.size() < kNonceBytes + kTagBytes ? 0 : sealed.size() - kNonceBytes - kTagBytes, '\0');
  if (cipher == nullptr || sealed.size() < kNonceBytes + kTagBytes ||
      !Decrypt(cipher.get(), key, context, sealed, text)) {
    return absl::DataLossError("sealed bytes are damaged, or sealed under another key");
  }
  return text;
}

std::string AuthenticationCode(const SecretKey& key, std::string_view content) {
  std::string code(32, '\0');
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Data(content), content.size(), Data(code), nullptr);
  return code;
}

}  // namespace idiolect
