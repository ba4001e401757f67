#include "eval/examples_file.h"

#include <cstdio>
#include <filesystem>

#include "absl/strings/str_cat.h"

namespace idiolect {
namespace {

// Ends a user's piece, so that one that was cut short is known.
constexpr char kEndOfUser[] = "{\"end\": \"user\"}";

}  // namespace

absl::StatusOr<ExamplesFile> ExamplesFile::Open(const std::string& path, const std::string& run) {
  ExamplesFile file;
  file.path_ = path;
  if (path.empty()) return file;
  if (std::filesystem::exists(path)) {
    if (absl::Status s = file.Read(run); !s.ok()) return s;
  }
  if (absl::Status s = file.Start(run); !s.ok()) return s;
  return file;
}

absl::Status ExamplesFile::Read(const std::string& run) {
  std::ifstream in(path_);
  std::string line;
  if (!std::getline(in, line)) return absl::OkStatus();  // nothing has been written yet
  if (line != run) {
    return absl::FailedPreconditionError(
        absl::StrCat(path_,
                     ": holds the examples of another run (model, data, seed, options or version of the program), or "
                     "something else; give another file, or delete this one"));
  }
  std::vector<ExampleResult> piece;
  for (int64_t number = 2; std::getline(in, line); ++number) {
    if (line == kEndOfUser) {
      if (!piece.empty()) found_[{piece[0].source, piece[0].user}] = std::move(piece);
      piece.clear();
      continue;
    }
    auto example = ParseExampleLine(line);
    if (!example.ok() && in.peek() == std::ifstream::traits_type::eof()) break;  // cut short
    if (!example.ok())
      return absl::InvalidArgumentError(
          absl::StrCat(path_, ":", number, ": ", std::string(example.status().message())));
    piece.push_back(*std::move(example));
  }
  return absl::OkStatus();
}

// Writes what is whole again, so that the file ends cleanly; under another name until all of it is there.
absl::Status ExamplesFile::Start(const std::string& run) {
  const std::string unfinished = path_ + ".part";
  out_.open(unfinished, std::ios::trunc);
  out_ << run << "\n";
  for (const auto& [user, examples] : found_) {
    if (absl::Status s = Append(examples); !s.ok()) return s;
  }
  if (out_.flush() && std::rename(unfinished.c_str(), path_.c_str()) == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(path_, ": cannot be written"));
}

absl::Status ExamplesFile::Append(const std::vector<ExampleResult>& examples) {
  if (path_.empty()) return absl::OkStatus();
  for (const ExampleResult& example : examples) out_ << ToJsonLine(example) << "\n";
  out_ << kEndOfUser << "\n";
  return out_.flush() ? absl::OkStatus() : absl::UnavailableError(absl::StrCat(path_, ": cannot be written"));
}

}  // namespace idiolect
