#include "tests/model/hostile_check.h"

#include <ATen/Parallel.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "model/dhap_model.h"
#include "model/no_gradients.h"
#include "tests/support/fixtures.h"
#include "text/utf8.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IDIOLECT_NO_ADDRESS_LIMIT  // the sanitizers' own shadow memory would not fit
#endif

namespace idiolect::testing {
namespace {

namespace fs = std::filesystem;

constexpr size_t kSlackBytes = 64 << 20, kMaxMessageBytes = 2048;

// While it lives, the process can get no more than `bytes` of further address space: any way of allocating more fails.
class MemoryLimit {
 public:
  explicit MemoryLimit(size_t bytes) {
#ifndef IDIOLECT_NO_ADDRESS_LIMIT
    getrlimit(RLIMIT_AS, &before_);
    size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    rlimit limit = before_;
    limit.rlim_cur = pages * static_cast<size_t>(sysconf(_SC_PAGESIZE)) + bytes;
    setrlimit(RLIMIT_AS, &limit);
#endif
  }
  ~MemoryLimit() {
#ifndef IDIOLECT_NO_ADDRESS_LIMIT
    setrlimit(RLIMIT_AS, &before_);
#endif
  }

 private:
  [[maybe_unused]] rlimit before_{};
};

size_t BytesOf(const std::string& dir) {
  size_t bytes = 0;
  for (const char* name : kModelFileNames) {
    std::error_code error;
    if (fs::is_regular_file(dir + "/" + name, error)) bytes += fs::file_size(dir + "/" + name);
  }
  return bytes;
}

void Use(const DhapModel& model) {
  const NoGradients no_gradients;
  const std::vector<Exchange> history = {{1, "What shall we cook?", "Soup, please", "", {}, ""},
                                         {2, "", "\xF0\x9F\x8E\x89 \xC3\xA9t\xC3\xA9 \xFF\xC3", "", {}, ""},
                                         {3, std::string("a\0b", 3), "", "", {}, ""}};
  const HistoryTokens tokens = model.Tokenize(history);
  for (const auto& list : {tokens.posts, tokens.responses}) {
    for (const auto& ids : list) {
      for (int32_t id : ids) ASSERT_TRUE(id >= 0 && id < model.tokenizer().size());
      EXPECT_TRUE(IsValidUtf8(model.tokenizer().Decode(ids)));
      EXPECT_TRUE(IsValidUtf8(model.tokenizer().DecodeStable(ids)));
    }
  }
  const auto scores =
      model.Score(model.profiles({tokens}, {}), {tokens.posts[0]}, PadTokens({tokens.responses[0]}), {});
  EXPECT_EQ(scores.log_probs.size(0), static_cast<int64_t>(tokens.responses[0].size()));
}

bool NamesAFile(const std::string& message, const std::string& dir) {
  for (const char* name : kModelFileNames) {
    if (message.starts_with(dir + "/" + name + ": ")) return true;
  }
  return false;
}

}  // namespace

void HostileModelTest::SetUp() {
  dir_ = MakeTempDir();
  at::set_num_threads(1);
  // What is set up once for all models must not count for the first.
  static const bool warm = [] {
    const auto model = DhapModel::Load(TinyModelDir());
    if (model.ok()) Use(**model);
    return true;
  }();
  ASSERT_TRUE(warm);
}

void HostileModelTest::TearDown() { fs::remove_all(dir_); }

std::string HostileModelTest::Try(const ModelFiles& files) {
  files.WriteTo(dir_);
  return TryDirectory();
}

std::string HostileModelTest::TryDirectory() {
  const MemoryLimit limit(BytesOf(dir_) + kSlackBytes);
  const auto model = DhapModel::Load(dir_);
  if (model.ok()) {
    Use(**model);
    return "";
  }
  const std::string message(model.status().message());
  EXPECT_TRUE(absl::IsNotFound(model.status()) || absl::IsInvalidArgument(model.status())) << model.status();
  EXPECT_TRUE(NamesAFile(message, dir_)) << message;
  EXPECT_LE(message.size(), kMaxMessageBytes) << message.substr(0, kMaxMessageBytes);
  return message;
}

void HostileModelTest::ExpectRefused(const ModelFiles& files, const std::string& file, const std::string& fault) {
  const std::string message = Try(files);
  EXPECT_NE(message.find("/" + file + ": "), message.npos) << "message: " << message << "\nexpected file: " << file;
  EXPECT_NE(message.find(fault), message.npos) << "message: " << message << "\nexpected fault: " << fault;
}

}  // namespace idiolect::testing
