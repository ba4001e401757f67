// Reading and writing safetensors files: an 8-byte little-endian header length, a JSON header that gives each tensor's
// dtype, shape and place, then the raw data.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace idiolect {

enum class TensorType { kFloat32, kFloat16 };

// Raw values in row-major order; the bytes belong to the file or, for writing, to the caller.
struct TensorView {
  TensorType type = TensorType::kFloat32;
  std::vector<int64_t> shape;
  std::string_view bytes;
};

// A memory-mapped file that nothing is believed of: the header is at most 1 MiB, every tensor lies inside the file, its
// bytes fit its shape and dtype, and the tensors fill the data section without gap or overlap.
class SafetensorsFile {
 public:
  // kNotFound, or kInvalidArgument whose message names the tensor and the fault (not the path).
  static absl::StatusOr<std::unique_ptr<SafetensorsFile>> Open(const std::string& path);
  ~SafetensorsFile();
  SafetensorsFile(const SafetensorsFile&) = delete;
  SafetensorsFile& operator=(const SafetensorsFile&) = delete;

  const std::map<std::string, TensorView>& tensors() const { return tensors_; }
  // The strings of the header's "__metadata__".
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  // Everything behind the header.
  std::string_view data() const { return data_; }

 private:
  SafetensorsFile() = default;
  absl::Status Map(const std::string& path);
  absl::Status Parse();

  std::string_view file_, data_;
  std::map<std::string, TensorView> tensors_;
  std::map<std::string, std::string> metadata_;
};

// Writes the file beside `path` and renames it into place once it is on disk, so that `path` never holds half a file.
absl::Status WriteSafetensors(const std::string& path, const std::map<std::string, TensorView>& tensors,
                              const std::map<std::string, std::string>& metadata);

}  // namespace idiolect
