// The lines that the offline verbs read: one JSON object each,
//   {"history": [{"post": "…", "response": "…"}, … oldest first], "post": "…", "response": "…"}
#pragma once

#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "idiolect/exchange.h"

namespace idiolect {

struct OfflineInput {
  std::vector<Exchange> history;  // sequences from 1
  std::string post, response;     // the response is empty where the line has none
};

// Not thread-safe.
class OfflineReader {
 public:
  // kNotFound when the file can't be opened.
  static absl::StatusOr<OfflineReader> Open(const std::string& path);
  // The next line, or nothing at the end. kInvalidArgument names file, line and field.
  absl::StatusOr<std::optional<OfflineInput>> Next();

 private:
  explicit OfflineReader(const std::string& path) : path_(path), in_(path) {}

  std::string path_;
  std::ifstream in_;
  int64_t line_ = 0;
};

}  // namespace idiolect
