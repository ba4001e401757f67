#include "text/line_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace idiolect {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 16;
constexpr char kByteOrderMark[] = "\xEF\xBB\xBF";

absl::Status OpenError(const std::string& path) {
  const int error = errno;
  const std::string message = absl::StrCat(path, ": ", std::strerror(error));
  return error == ENOENT ? absl::NotFoundError(message) : absl::UnavailableError(message);
}

}  // namespace

absl::StatusOr<std::unique_ptr<LineReader>> LineReader::Open(const std::string& path) {
  const int fd = path == "-" ? dup(STDIN_FILENO) : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return OpenError(path);
  struct stat info = {};
  if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
    close(fd);
    return absl::InvalidArgumentError(absl::StrCat(path, ": is a folder, expected a file"));
  }
  gzFile_s* file = gzdopen(fd, "rb");
  if (file == nullptr) {
    close(fd);
    return absl::ResourceExhaustedError(absl::StrCat(path, ": no memory to read it"));
  }
  return absl::WrapUnique(new LineReader(path, file, S_ISREG(info.st_mode) ? info.st_size : 0));
}

LineReader::LineReader(std::string path, gzFile_s* file, int64_t file_size)
    : path_(std::move(path)), file_(file), file_size_(file_size), buffer_(kBufferBytes) {}

LineReader::~LineReader() { gzclose(file_); }

int64_t LineReader::position() const { return gzoffset(file_); }

// False at the end of the file.
absl::StatusOr<bool> LineReader::FillBuffer() {
  const int count = gzread(file_, buffer_.data(), static_cast<unsigned>(buffer_.size()));
  begin_ = 0;
  end_ = std::max(count, 0);
  if (count > 0) return true;
  int error = Z_OK;
  gzerror(file_, &error);
  // A stream that stops in the middle gives its readable part first and says Z_BUF_ERROR only here.
  if (error == Z_OK || error == Z_STREAM_END) return false;
  if (error == Z_ERRNO) return absl::UnavailableError(absl::StrCat(path_, ": ", std::strerror(errno)));
  return absl::DataLossError(absl::StrCat(path_, ":", line_number_, ": the compressed data is ",
                                          error == Z_BUF_ERROR ? "cut off" : "damaged", " here"));
}

absl::StatusOr<bool> LineReader::Next(std::string& line) {
  line.clear();
  ++line_number_;
  bool any = false, too_long = false;
  while (true) {
    if (begin_ == end_) {
      absl::StatusOr<bool> filled = FillBuffer();
      if (!filled.ok()) return filled;
      if (!*filled) break;
    }
    any = true;
    const char* start = buffer_.data() + begin_;
    const void* newline = std::memchr(start, '\n', end_ - begin_);
    const size_t length = newline == nullptr ? end_ - begin_ : static_cast<const char*>(newline) - start;
    begin_ += length + (newline == nullptr ? 0 : 1);
    too_long = too_long || line.size() + length > kMaxLineBytes;
    if (!too_long) line.append(start, length);
    if (newline != nullptr) break;
  }
  if (!any) {
    --line_number_;
    return false;
  }
  if (too_long) {
    line.clear();
    return absl::InvalidArgumentError(
        absl::StrCat(path_, ":", line_number_, ": longer than ", kMaxLineBytes, " bytes, the most a line may have"));
  }
  TrimLine(line);
  return true;
}

void LineReader::TrimLine(std::string& line) const {
  if (absl::EndsWith(line, "\r")) line.pop_back();
  if (line_number_ == 1 && absl::StartsWith(line, kByteOrderMark)) line.erase(0, std::strlen(kByteOrderMark));
}

}  // namespace idiolect
