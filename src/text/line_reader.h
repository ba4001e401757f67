// Reads a text file line by line, gzip-compressed or plain, in bounded memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct gzFile_s;

namespace idiolect {

// Not thread-safe.
class LineReader {
 public:
  static constexpr size_t kMaxLineBytes = size_t{1} << 20;

  // Opens `path`; "-" is standard input. Whether the bytes are gzip's is seen from the bytes, not from the name.
  static absl::StatusOr<std::unique_ptr<LineReader>> Open(const std::string& path);
  ~LineReader();

  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // Reads the next line into `line`, without its end ("\n" or "\r\n") and, at the file's beginning, without a byte
  // order mark. Returns false at the end of the file. kInvalidArgument: the line is longer than kMaxLineBytes; it was
  // skipped and reading may go on. kDataLoss, kUnavailable: the rest can't be read.
  absl::StatusOr<bool> Next(std::string& line);

  // Of the line that Next read last, from 1; 0 before the first.
  int64_t line_number() const { return line_number_; }
  // Where reading stands in the file, and its size, both in bytes on disk; a size of 0 says that there is no knowing.
  int64_t position() const;
  int64_t file_size() const { return file_size_; }
  const std::string& path() const { return path_; }

 private:
  LineReader(std::string path, gzFile_s* file, int64_t file_size);
  absl::StatusOr<bool> FillBuffer();
  void TrimLine(std::string& line) const;

  const std::string path_;
  gzFile_s* const file_;
  const int64_t file_size_;
  std::vector<char> buffer_;
  size_t begin_ = 0, end_ = 0;  // the part of buffer_ that was read from the file and not yet handed out
  int64_t line_number_ = 0;
};

}  // namespace idiolect
