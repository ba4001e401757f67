#include "model/safetensors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "model/file_io.h"

namespace idiolect {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little, "safetensors is little-endian and read in place");

constexpr uint64_t kMaxHeaderBytes = 1 << 20;
constexpr size_t kMaxDimensions = 8, kMaxNameBytes = 256;

absl::Status Fault(const std::string& what) { return absl::InvalidArgumentError(what); }
absl::Status TensorFault(const std::string& name, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("tensor \"", name, "\": ", what));
}

int64_t ByteWidth(TensorType type) { return type == TensorType::kFloat32 ? 4 : 2; }

bool IsNaturalNumber(const json& j) { return j.is_number_unsigned(); }

// Bytes that a tensor of this shape has, or -1 when that is more than any file holds.
int64_t ByteCount(const TensorView& tensor) {
  int64_t count = ByteWidth(tensor.type);
  for (int64_t size : tensor.shape) {
    if (__builtin_mul_overflow(count, size, &count)) return -1;
  }
  return count;
}

absl::Status ReadShape(const std::string& name, const json& entry, TensorView* tensor) {
  const auto dtype = entry.find("dtype");
  if (dtype == entry.end() || (*dtype != "F32" && *dtype != "F16"))
    return TensorFault(name, "dtype: expected F32 or F16");
  tensor->type = *dtype == "F32" ? TensorType::kFloat32 : TensorType::kFloat16;
  const auto shape = entry.find("shape");
  if (shape == entry.end() || !shape->is_array() || shape->size() > kMaxDimensions ||
      !std::all_of(shape->begin(), shape->end(), IsNaturalNumber)) {
    return TensorFault(name, "shape: expected a list of at most 8 natural numbers");
  }
  for (const json& size : *shape) {
    if (size.get<uint64_t>() > (uint64_t{1} << 40)) return TensorFault(name, "shape: a dimension is beyond reason");
    tensor->shape.push_back(size.get<int64_t>());
  }
  return absl::OkStatus();
}

absl::Status ReadPlace(const std::string& name, const json& entry, std::string_view data, TensorView* tensor) {
  const auto place = entry.find("data_offsets");
  if (place == entry.end() || !place->is_array() || place->size() != 2 ||
      !std::all_of(place->begin(), place->end(), IsNaturalNumber)) {
    return TensorFault(name, "data_offsets: expected two natural numbers");
  }
  const uint64_t begin = (*place)[0].get<uint64_t>(), end = (*place)[1].get<uint64_t>();
  if (begin > end || end > data.size()) {
    return TensorFault(name, absl::StrCat("data_offsets [", begin, ", ", end, "] lie outside the file's ", data.size(),
                                          " data bytes"));
  }
  if (ByteCount(*tensor) != static_cast<int64_t>(end - begin)) {
    return TensorFault(name, absl::StrCat("its ", end - begin, " bytes do not fit its shape and dtype"));
  }
  tensor->bytes = data.substr(begin, end - begin);
  return absl::OkStatus();
}

absl::Status ReadMetadata(const json& entry, std::map<std::string, std::string>* metadata) {
  if (!entry.is_object()) return Fault("__metadata__: expected an object of strings");
  for (const auto& [key, value] : entry.items()) {
    if (!value.is_string()) return Fault("__metadata__: expected an object of strings");
    (*metadata)[key] = value.get<std::string>();
  }
  return absl::OkStatus();
}

// No two tensors may share a byte and no byte may belong to none: then nothing can hide in the file.
absl::Status CheckCoverage(const std::map<std::string, TensorView>& tensors, std::string_view data) {
  std::vector<std::pair<const char*, const std::pair<const std::string, TensorView>*>> by_place;
  for (const auto& entry : tensors) by_place.emplace_back(entry.second.bytes.data(), &entry);
  std::sort(by_place.begin(), by_place.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first, a.second->second.bytes.size()) < std::pair(b.first, b.second->second.bytes.size());
  });
  const char* at = data.data();
  for (const auto& [begin, entry] : by_place) {
    if (begin != at) return TensorFault(entry->first, "overlaps another tensor or leaves a gap before it");
    at += entry->second.bytes.size();
  }
  if (at != data.data() + data.size())
    return Fault(absl::StrCat(data.data() + data.size() - at, " bytes at the end belong to no tensor"));
  return absl::OkStatus();
}

json HeaderOf(const std::map<std::string, TensorView>& tensors, const std::map<std::string, std::string>& metadata) {
  json header = json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t at = 0;
  for (const auto& [name, tensor] : tensors) {
    header[name] = {{"dtype", tensor.type == TensorType::kFloat32 ? "F32" : "F16"},
                    {"shape", tensor.shape},
                    {"data_offsets", {at, at + tensor.bytes.size()}}};
    at += tensor.bytes.size();
  }
  return header;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SafetensorsFile>> SafetensorsFile::Open(const std::string& path) {
  auto file = std::unique_ptr<SafetensorsFile>(new SafetensorsFile);
  if (absl::Status s = file->Map(path); !s.ok()) return s;
  if (absl::Status s = file->Parse(); !s.ok()) return s;
  return file;
}

SafetensorsFile::~SafetensorsFile() {
  if (!file_.empty()) munmap(const_cast<char*>(file_.data()), file_.size());
}

absl::Status SafetensorsFile::Map(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe must not be waited for
  if (fd < 0) return absl::NotFoundError("cannot be opened");
  const absl::Cleanup close_file = [fd] { close(fd); };
  struct stat info;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return Fault("not a regular file");
  if (info.st_size < 8)
    return Fault(absl::StrCat("only ", info.st_size, " bytes; expected at least the 8 of the header length"));
  void* address = mmap(nullptr, info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (address == MAP_FAILED) return absl::InternalError("cannot be mapped into memory");
  file_ = {static_cast<const char*>(address), static_cast<size_t>(info.st_size)};
  return absl::OkStatus();
}

absl::Status SafetensorsFile::Parse() {
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, file_.data(), sizeof(header_bytes));
  if (header_bytes > file_.size() - 8)
    return Fault(absl::StrCat("header length ", header_bytes, " is beyond the file's ", file_.size(), " bytes"));
  if (header_bytes > kMaxHeaderBytes)
    return Fault(absl::StrCat("header length ", header_bytes, "; expected at most ", kMaxHeaderBytes));
  data_ = file_.substr(8 + header_bytes);
  const std::string_view text = file_.substr(8, header_bytes);
  const json header = json::parse(text, nullptr, /*allow_exceptions=*/false);
  // The parser takes a zero byte for the end of the text.
  if (!header.is_object() || text.find('\0') != text.npos) return Fault("the header is not a JSON object");
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      if (absl::Status s = ReadMetadata(entry, &metadata_); !s.ok()) return s;
      continue;
    }
    if (name.size() > kMaxNameBytes)
      return Fault(absl::StrCat("a tensor's name has ", name.size(), " bytes; expected at most ", kMaxNameBytes));
    if (!entry.is_object()) return TensorFault(name, "expected an object");
    TensorView tensor;
    if (absl::Status s = ReadShape(name, entry, &tensor); !s.ok()) return s;
    if (absl::Status s = ReadPlace(name, entry, data_, &tensor); !s.ok()) return s;
    tensors_.emplace(name, std::move(tensor));
  }
  return CheckCoverage(tensors_, data_);
}

absl::Status WriteSafetensors(const std::string& path, const std::map<std::string, TensorView>& tensors,
                              const std::map<std::string, std::string>& metadata) {
  std::string header = HeaderOf(tensors, metadata).dump();
  header.append((8 - header.size() % 8) % 8, ' ');
  const uint64_t header_bytes = header.size();
  std::vector<std::string_view> pieces = {{reinterpret_cast<const char*>(&header_bytes), 8}, header};
  for (const auto& [name, tensor] : tensors) pieces.push_back(tensor.bytes);
  return WriteFileAtomically(path, pieces);
}

}  // namespace idiolect
