#include "bench/random_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "model/dhap_model.h"
#include "tests/support/temp_folder.h"
#include "text/synthetic_tokenizer.h"
#include "text/tokenizer.h"

namespace idiolect {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(SyntheticTokenizerTest, HasExactlyTheSizeAndAWordIsAToken) {
  for (const int size : {262, 400, 5000}) {
    const auto tokenizer = Tokenizer::FromBytes(SyntheticTokenizer(size));
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
    EXPECT_EQ((*tokenizer)->size(), size);
    for (const int word : {0, (size - kPiecesBeforeWords) / 2, size - kPiecesBeforeWords - 1}) {
      const std::vector<int32_t> ids = (*tokenizer)->Encode(SyntheticWord(word));
      ASSERT_EQ(ids.size(), 1u) << SyntheticWord(word);
      EXPECT_EQ((*tokenizer)->Decode(ids), SyntheticWord(word));
    }
  }
}

std::string WriteConfig(const TempFolder& folder, int vocab_size) {
  const std::string path = (folder.path() / "config.json").string();
  std::ofstream(path) << R"({"architecture": "dhap", "format_version": 1, "d_model": 8, "hidden_size": 8,
    "readout_size": 8, "history_layers": 1, "memory_layers": 1, "heads": 2, "feed_forward_size": 8, "max_history": 3,
    "max_post_tokens": 6, "max_response_tokens": 6, "tie_embeddings": false, "layer_norm_epsilon": 1e-5,
    "parts": ["general", "memory", "copy"], "vocab_size": )"
                      << vocab_size << "}";
  return path;
}

TEST(RandomModelTest, IsAModelOfTheConfigAndTheSameForASeed) {
  const TempFolder folder;
  const std::string config = WriteConfig(folder, 300);
  const auto weights = [&](uint64_t seed, const char* name) {
    const std::string directory = (folder.path() / name).string();
    std::filesystem::create_directory(directory);
    const absl::Status written = WriteRandomModel(config, seed, directory);
    EXPECT_TRUE(written.ok()) << written;
    EXPECT_TRUE(DhapModel::Load(directory).ok());
    std::ifstream in(directory + "/model.safetensors", std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const std::string first = weights(1, "a");
  EXPECT_EQ(first, weights(1, "b"));
  EXPECT_NE(first, weights(2, "c"));
}

TEST(RandomModelTest, ErrorsNameTheFileAndTheField) {
  const TempFolder folder;
  const std::string config = WriteConfig(folder, 100);
  EXPECT_THAT(std::string(WriteRandomModel(config, 1, folder.path().string()).message()),
              AllOf(HasSubstr(config), HasSubstr("vocab_size")));
  EXPECT_THAT(
      std::string(WriteRandomModel((folder.path() / "none.json").string(), 1, folder.path().string()).message()),
      HasSubstr("none.json"));
}

}  // namespace
}  // namespace idiolect
