#include "train/tokenizer_training.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "text/exchange_corpus.h"
#include "text/held_out_users.h"
#include "train/held_signals.h"
#include "train/tokenizer_trainer_exit.h"

namespace idiolect {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kLeastSentences = 101;  // SentencePiece takes no fewer

// The texts in the clear are for nobody else to read.
absl::Status CreatePrivate(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return absl::UnavailableError(absl::StrCat(path, ": cannot be created: ", std::strerror(errno)));
  close(fd);
  return absl::OkStatus();
}

absl::Status WriteSentences(const TrainOptions& options, const std::string& path) {
  if (absl::Status s = CreatePrivate(path); !s.ok()) return s;
  std::ofstream out(path);
  bool has_text = false;
  const absl::Status read = ForEachExchange(options.data, [&](const RawExchange& exchange) {
    if (exchange.split == "test" || exchange.split == "valid") return;
    if (IsHeldOut(exchange.source, exchange.user, options.held_out_users)) return;
    for (const std::string* text : {&exchange.post, &exchange.response}) {
      std::string line = *text;
      std::replace(line.begin(), line.end(), '\n', ' ');
      has_text = has_text || !absl::StripAsciiWhitespace(line).empty();
      out << line << '\n';
    }
  });
  if (!read.ok()) return read;
  if (!out.flush()) return absl::UnavailableError(absl::StrCat(path, ": cannot be written"));
  return has_text ? absl::OkStatus() : absl::InvalidArgumentError("the data holds no exchange to train on");
}

// Beside the running program, or, seen from the build's tests, in the folder bin/ beside its own.
std::string TrainerProgram() {
  const fs::path here = fs::read_symlink("/proc/self/exe").parent_path(), name = "idiolect-tokenizer-trainer";
  return (fs::exists(here / name) ? here / name : here.parent_path() / "bin" / name).string();
}

absl::Status Fault(const TrainOptions& options, int status) {
  if (WIFSIGNALED(status))
    return absl::CancelledError(
        absl::StrCat("the tokenizer's training was stopped by a signal, ", strsignal(WTERMSIG(status))));
  const char* meaning = WEXITSTATUS(status) == kVocabularyTooLarge   ? " is too large for the data"
                        : WEXITSTATUS(status) == kVocabularyTooSmall ? " is too small for the characters of the data"
                                                                     : nullptr;
  if (meaning == nullptr)
    return absl::InvalidArgumentError("the tokenizer could not be trained; SentencePiece's message stands above");
  return absl::InvalidArgumentError(
      absl::StrCat("vocab_size: ", options.model.vocab_size, meaning, "; SentencePiece's message above has the bound"));
}

absl::Status RunTrainer(const TrainOptions& options, const std::string& folder, const HeldSignals& signals) {
  if (signals.any()) return absl::CancelledError("stopped before the tokenizer was trained");
  std::vector<std::string> command = {TrainerProgram(), folder, absl::StrCat(options.model.vocab_size),
                                      absl::StrCat(options.tokenizer_sentences)};
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  if (posix_spawn(&child, arguments[0], nullptr, nullptr, arguments.data(), environ) != 0) {
    return absl::InternalError(absl::StrCat(command[0], ": cannot be started"));
  }
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (signals.any()) kill(child, SIGTERM);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? absl::OkStatus() : Fault(options, status);
}

}  // namespace

absl::Status TrainTokenizer(const TrainOptions& options, const std::string& path) {
  if (options.tokenizer_sentences < kLeastSentences)
    return absl::InvalidArgumentError(absl::StrCat("tokenizer_sentences: expected at least ", kLeastSentences));
  const HeldSignals signals;
  // Holds the texts, so it goes however this ends, and before a signal takes effect; a crash's leftover goes now.
  const std::string folder = path + ".sentences";
  const auto forget = [&folder] {
    std::error_code error;
    fs::remove_all(folder, error);
  };
  forget();
  const absl::Cleanup forget_at_the_end = forget;
  std::error_code error;
  fs::create_directory(folder, error);
  if (error) return absl::UnavailableError(absl::StrCat(folder, ": cannot be created: ", error.message()));
  if (absl::Status s = WriteSentences(options, folder + "/sentences"); !s.ok()) return s;
  if (absl::Status s = RunTrainer(options, folder, signals); !s.ok()) return s;
  fs::remove(folder + "/sentences", error);  // before there is a tokenizer: who has one does not come here again
  if (!error) fs::rename(folder + "/tokenizer.model", path, error);
  return error ? absl::UnavailableError(absl::StrCat(path, ": cannot be written: ", error.message()))
               : absl::OkStatus();
}

}  // namespace idiolect
