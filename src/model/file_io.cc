#include "model/file_io.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace idiolect {
namespace {

absl::Status SystemError(const std::string& path, const char* what) {
  return absl::UnavailableError(absl::StrCat(path, ": ", what, ": ", std::strerror(errno)));
}

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(written);
  }
  return true;
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_bytes) {
  // A folder gives no bytes, and a pipe would be waited for without end.
  std::error_code error;
  if (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error)) {
    return absl::InvalidArgumentError("not a regular file");
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::NotFoundError("cannot be opened");
  std::string bytes;
  const uintmax_t size = std::filesystem::file_size(path, error);
  if (!error && size > max_bytes) return absl::InvalidArgumentError(absl::StrCat("larger than ", max_bytes, " bytes"));
  if (!error) bytes.reserve(size);  // growing by doubling would take twice as much
  std::string chunk(1 << 16, '\0');
  while (in.read(chunk.data(), static_cast<std::streamsize>(chunk.size())), in.gcount() > 0) {
    bytes.append(chunk, 0, in.gcount());
    if (bytes.size() > max_bytes) return absl::InvalidArgumentError(absl::StrCat("larger than ", max_bytes, " bytes"));
  }
  if (in.bad()) return absl::UnavailableError("cannot be read");
  return bytes;
}

absl::Status WriteFileAtomically(const std::string& path, absl::Span<const std::string_view> pieces) {
  const std::string fresh = path + ".new";
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return SystemError(fresh, "cannot be created");
  absl::Cleanup close_file = [fd] { close(fd); };
  for (std::string_view piece : pieces) {
    if (!WriteAll(fd, piece)) return SystemError(fresh, "cannot be written");
  }
  if (fsync(fd) != 0) return SystemError(fresh, "cannot be flushed to disk");
  std::move(close_file).Invoke();
  if (rename(fresh.c_str(), path.c_str()) != 0) return SystemError(path, "cannot be replaced");
  return absl::OkStatus();
}

std::string Sha256Hex(absl::Span<const std::string_view> pieces) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  for (std::string_view piece : pieces) EVP_DigestUpdate(context.get(), piece.data(), piece.size());
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_DigestFinal_ex(context.get(), digest, &size);
  return absl::BytesToHexString({reinterpret_cast<const char*>(digest), size});
}

}  // namespace idiolect
