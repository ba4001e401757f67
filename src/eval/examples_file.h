// The file of examples while an evaluation writes it. Its first line says of which run the rest is.
#pragma once

#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "eval/example.h"

namespace idiolect {

class ExamplesFile {
 public:
  // With an empty path nothing is written. `run` is one line that tells runs apart: kFailedPrecondition where the file
  // is of another. A last line that an interruption cut short is dropped.
  static absl::StatusOr<ExamplesFile> Open(const std::string& path, const std::string& run);

  // The examples that the file held, by source and user. A user's stand there all or not at all.
  using Key = std::pair<std::string, std::string>;
  std::map<Key, std::vector<ExampleResult>>& found() { return found_; }

  // Writes a user's examples as one piece.
  absl::Status Append(const std::vector<ExampleResult>& examples);

 private:
  absl::Status Read(const std::string& run);
  absl::Status Start(const std::string& run);

  std::string path_;
  std::ofstream out_;
  std::map<Key, std::vector<ExampleResult>> found_;
};

}  // namespace idiolect
