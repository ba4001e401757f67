#include "train/tokenizer_training.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "text/exchange_reader.h"
#include "text/held_out_users.h"
#include "train/corpus.h"

namespace idiolect {
namespace {

namespace fs = std::filesystem;

absl::Status WriteSentences(const TrainOptions& options, const std::string& path) {
  std::ofstream out(path);
  const absl::Status read = ForEachExchange(options.data, [&](const RawExchange& exchange) {
    if (exchange.split == "test" || exchange.split == "valid") return;
    if (IsHeldOut(exchange.source, exchange.user, options.held_out_users)) return;
    for (const std::string* text : {&exchange.post, &exchange.response}) {
      std::string line = *text;
      std::replace(line.begin(), line.end(), '\n', ' ');
      out << line << '\n';
    }
  });
  if (!read.ok()) return read;
  return out.flush() ? absl::OkStatus() : absl::UnavailableError(absl::StrCat(path, ": cannot be written"));
}

// Beside the running program, or, seen from the build's tests, in the folder bin/ beside its own.
std::string TrainerProgram() {
  const fs::path here = fs::read_symlink("/proc/self/exe").parent_path(), name = "idiolect-tokenizer-trainer";
  return (fs::exists(here / name) ? here / name : here.parent_path() / "bin" / name).string();
}

absl::Status Run(std::vector<std::string> command) {
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  if (posix_spawn(&child, arguments[0], nullptr, nullptr, arguments.data(), environ) != 0) {
    return absl::InternalError(absl::StrCat(command[0], ": cannot be started"));
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "the tokenizer could not be trained (its message stands above); is vocab_size too large for the data?");
}

}  // namespace

absl::Status TrainTokenizer(const TrainOptions& options, const std::string& path) {
  const std::string sentences = path + ".sentences", prefix = path + ".part";
  if (absl::Status s = WriteSentences(options, sentences); !s.ok()) return s;
  const absl::Status trained = Run({TrainerProgram(), sentences, prefix, absl::StrCat(options.model.vocab_size),
                                    absl::StrCat(options.tokenizer_sentences)});
  fs::remove(sentences);
  fs::remove(prefix + ".vocab");
  if (!trained.ok()) return trained;
  fs::rename(prefix + ".model", path);
  return absl::OkStatus();
}

}  // namespace idiolect
