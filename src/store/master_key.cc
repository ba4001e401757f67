#include "store/master_key.h"

#include <openssl/rand.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "store/wipe.h"

namespace idiolect {
namespace {

constexpr char kVariable[] = "IDIOLECT_MASTER_KEY";
// A key file holds one line; what is bigger is another file.
constexpr size_t kMostFileBytes = 1024;

bool IsHex(std::string_view text) {
  return text.size() == 2 * kKeyBytes &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isxdigit(c) != 0; });
}

}  // namespace

SecretKey::~SecretKey() { WipeText(bytes_); }

SecretKey::SecretKey(SecretKey&& other) noexcept : bytes_(std::move(other.bytes_)) { WipeText(other.bytes_); }

SecretKey& SecretKey::operator=(SecretKey&& other) noexcept {
  bytes_.swap(other.bytes_);
  return *this;
}

absl::StatusOr<SecretKey> RandomSecretKey() {
  std::string bytes(kKeyBytes, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), kKeyBytes) != 1) {
    return absl::InternalError("the system gives no random numbers");
  }
  return SecretKey(std::move(bytes));
}

absl::StatusOr<SecretKey> ParseMasterKey(std::string_view text, std::string_view origin) {
  std::string trimmed(text);
  absl::StripAsciiWhitespace(&trimmed);
  std::string bytes;
  if (IsHex(trimmed)) {
    bytes = absl::HexStringToBytes(trimmed);
  } else if (!absl::Base64Unescape(trimmed, &bytes)) {
    bytes.clear();
  }
  WipeText(trimmed);
  if (bytes.size() == kKeyBytes) return SecretKey(std::move(bytes));
  WipeText(bytes);
  return absl::InvalidArgumentError(
      absl::StrCat(std::string(origin),
                   " holds no master key: 32 bytes as 64 hexadecimal digits or in base64 are "
                   "expected, as `openssl rand -base64 32` prints them"));
}

absl::StatusOr<SecretKey> ReadMasterKeyFile(const std::string& path) {
  struct stat info {};
  std::ifstream file(path, std::ios::binary);
  if (!file || stat(path.c_str(), &info) != 0) {
    return absl::NotFoundError(absl::StrCat("can't read the master key file ", path));
  }
  if ((info.st_mode & S_IRWXO) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("the master key file ", path, " is open to everybody: `chmod 600 ", path, "` first"));
  }
  std::string text(kMostFileBytes, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  absl::StatusOr<SecretKey> key =
      ParseMasterKey(std::string_view(text).substr(0, file.gcount()), absl::StrCat("the file ", path));
  WipeText(text);
  return key;
}

absl::StatusOr<std::optional<SecretKey>> FindMasterKey(const std::string& path) {
  absl::StatusOr<SecretKey> key = absl::NotFoundError("");
  if (!path.empty()) {
    key = ReadMasterKeyFile(path);
  } else if (const char* text = std::getenv(kVariable); text != nullptr) {
    key = ParseMasterKey(text, absl::StrCat("the environment variable ", kVariable));
  } else {
    return std::optional<SecretKey>();
  }
  if (!key.ok()) return key.status();
  return std::optional<SecretKey>(*std::move(key));
}

}  // namespace idiolect
