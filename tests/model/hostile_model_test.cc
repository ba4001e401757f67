// Model directories of which nothing can be trusted: cut off, with bits flipped, with other things in place of files.
#include <sys/stat.h>

#include <filesystem>
#include <random>

#include "model/dhap_model.h"
#include "tests/model/hostile_check.h"
#include "tests/support/fixtures.h"

namespace idiolect::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kConfig = 0, kTokenizer = 1, kWeights = 2;

// The tiny model as Save writes it: with checksums.
const ModelFiles& SavedFiles() {
  static const ModelFiles files = [] {
    const std::string dir = MakeTempDir();
    const auto model = DhapModel::Load(TinyModelDir());
    EXPECT_TRUE(model.ok() && (*model)->Save(dir, TensorType::kFloat32, ModelFiles::Tiny().tokenizer).ok());
    return ModelFiles::Read(dir);
  }();
  return files;
}

void FlipBit(std::string& bytes, size_t bit) { bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8))); }

// Where the header's JSON ends and its padding begins.
size_t PaddingBegin(const std::string& weights) {
  return weights.rfind('}', 8 + weights.size() - Weights::Parse(weights).data.size() - 9) + 1;
}

TEST_F(HostileModelTest, EveryTruncationIsRefused) {
  std::mt19937_64 random(1);
  for (int file = 0; file < 3; ++file) {
    ModelFiles whole = ModelFiles::Tiny();
    const size_t size = FileOf(whole, file).size();
    std::vector<size_t> cuts = {0, 1, 7, 8, 9, 100, size / 2, size - 2, size - 1};
    while (cuts.size() < 40) cuts.push_back(random() % size);
    for (size_t cut : cuts) {
      SCOPED_TRACE(::testing::Message() << kModelFileNames[file] << " cut to " << cut);
      ModelFiles files = whole;
      FileOf(files, file).resize(cut);
      ExpectRefused(files, kModelFileNames[file], "");
    }
  }
}

TEST_F(HostileModelTest, AFlippedBitWithoutChecksumsIsRefusedOrHarmless) {
  std::mt19937_64 random(2);
  int refused = 0;
  for (int i = 0; i < 240; ++i) {
    const int file = i % 3;
    ModelFiles files = ModelFiles::Tiny();
    std::string& bytes = FileOf(files, file);
    const size_t end = file == kWeights ? PaddingBegin(bytes) : bytes.size();
    const size_t bit = random() % (8 * end);
    SCOPED_TRACE(::testing::Message() << kModelFileNames[file] << " bit " << bit);
    FlipBit(bytes, bit);
    refused += !Try(files).empty();
  }
  EXPECT_GT(refused, 80);  // names, sizes and the structure are checked; most of config and header is that
}

TEST_F(HostileModelTest, EveryFlippedBitOfASavedModelIsFound) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 300; ++i) {
    const int file = i % 3;
    ModelFiles files = SavedFiles();
    std::string& bytes = FileOf(files, file);
    const size_t padding = PaddingBegin(SavedFiles().weights),
                 data = bytes.size() - Weights::Parse(SavedFiles().weights).data.size();
    size_t bit = random() % (8 * bytes.size());
    if (file == kWeights && i % 2 == 0) bit = random() % (8 * padding);  // the header's share of random places is small
    if (file == kWeights && bit / 8 >= padding && bit / 8 < data) continue;
    SCOPED_TRACE(::testing::Message() << kModelFileNames[file] << " bit " << bit);
    FlipBit(bytes, bit);
    EXPECT_NE(Try(files), "");
  }
}

TEST_F(HostileModelTest, EveryBitOfTheChecksumsThemselvesIsChecked) {
  const std::string& weights = SavedFiles().weights;
  const size_t begin = weights.find("__metadata__") - 1, end = weights.find('}', begin);
  for (size_t byte = begin; byte < end; ++byte) {
    SCOPED_TRACE(byte);
    ModelFiles files = SavedFiles();
    FlipBit(files.weights, 8 * byte + byte % 8);
    EXPECT_NE(Try(files), "");
  }
}

TEST_F(HostileModelTest, FilesOfAnotherModelAreFound) {
  ModelFiles files = SavedFiles();
  files.config = ModelFiles::Tiny().config + " ";
  ExpectRefused(files, "model.safetensors", "checksum of config.json");
  files = SavedFiles();
  auto tokenizer = ParseTokenizer(files.tokenizer);
  tokenizer.mutable_pieces(300)->set_score(-1);
  files.tokenizer = tokenizer.SerializeAsString();
  ExpectRefused(files, "model.safetensors", "checksum of tokenizer.model");
}

TEST_F(HostileModelTest, WhatIsNoFileIsRefused) {
  for (int file = 0; file < 3; ++file) {
    const std::string path = dir_ + "/" + kModelFileNames[file];
    SCOPED_TRACE(path);
    const auto expect = [&](const char* kind, const char* fault) {
      const std::string message = TryDirectory();
      EXPECT_TRUE(message.starts_with(path + ": ")) << kind << ": " << message;
      EXPECT_NE(message.find(fault), message.npos) << kind << ": " << message;
    };
    ModelFiles::Tiny().WriteTo(dir_);
    fs::remove(path);
    expect("missing", "cannot be opened");
    fs::create_symlink(dir_ + "/nowhere", path);
    expect("a link to nothing", "cannot be opened");
    fs::remove(path);
    fs::create_directory(path);
    expect("a folder", "not a regular file");
    fs::remove(path);
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    expect("a pipe", "not a regular file");
    fs::remove(path);
    fs::create_symlink("/dev/zero", path);
    expect("an endless device", "not a regular file");
    fs::remove(path);
  }
}

TEST_F(HostileModelTest, AFolderThatIsNotThereIsRefused) {
  for (const std::string& dir : {dir_ + "/none", std::string(), std::string("/dev/null"), std::string(5000, 'x')}) {
    const auto model = DhapModel::Load(dir);
    EXPECT_TRUE(absl::IsNotFound(model.status())) << model.status();
  }
}

}  // namespace
}  // namespace idiolect::testing
