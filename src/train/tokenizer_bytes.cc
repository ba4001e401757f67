#include "train/tokenizer_bytes.h"

#include "absl/strings/str_cat.h"
#include "model/file_io.h"

namespace idiolect {

absl::StatusOr<std::string> ReadTokenizerBytes(const std::string& path) {
  constexpr size_t kMaxBytes = 64 << 20;
  auto bytes = ReadFile(path, kMaxBytes);
  if (bytes.ok()) return bytes;
  return absl::Status(bytes.status().code(), absl::StrCat(path, ": ", bytes.status().message()));
}

}  // namespace idiolect
