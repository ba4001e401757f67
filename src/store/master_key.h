// The key that opens all others: 32 bytes that the operator keeps outside of the database.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace idiolect {

inline constexpr size_t kKeyBytes = 32;

// A secret of kKeyBytes bytes that is overwritten when it goes. Not copyable, so that there is one of it.
class SecretKey {
 public:
  explicit SecretKey(std::string bytes) : bytes_(std::move(bytes)) {}
  ~SecretKey();
  SecretKey(SecretKey&& other) noexcept;
  SecretKey& operator=(SecretKey&& other) noexcept;

  const unsigned char* data() const { return reinterpret_cast<const unsigned char*>(bytes_.data()); }
  size_t size() const { return bytes_.size(); }

 private:
  std::string bytes_;
};

// A new random key.
absl::StatusOr<SecretKey> RandomSecretKey();

// Reads 64 hexadecimal digits or the base64 of 32 bytes, with white space around. `origin` is named in errors, the text
// never is.
absl::StatusOr<SecretKey> ParseMasterKey(std::string_view text, std::string_view origin);

// kFailedPrecondition where others than the owner and the group may read the file, kNotFound where it can't be read.
absl::StatusOr<SecretKey> ReadMasterKeyFile(const std::string& path);

// From the file; where `path` is empty, from the environment variable IDIOLECT_MASTER_KEY; nothing where that is not
// set either.
absl::StatusOr<std::optional<SecretKey>> FindMasterKey(const std::string& path);

}  // namespace idiolect
