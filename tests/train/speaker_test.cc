// Training of a Speaker model, from data files and from a prepared folder.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "model/dhap_model.h"
#include "tests/train/tiny_corpus.h"
#include "text/line_reader.h"
#include "text/user_hash.h"
#include "train/batcher.h"
#include "train/prepared_corpus.h"
#include "train/tokenizer_bytes.h"
#include "train/trainer.h"

namespace idiolect {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

TrainOptions SpeakerTraining() {
  TrainOptions o = testing::TinyTraining();
  o.model.general = o.model.memory = o.model.copy = o.model.post_copy = false;
  o.model.speaker = true;
  o.steps = 20;
  o.validate_every = 10;
  return o;
}

absl::Status TrainIt(const TrainOptions& options, ValidationResult* last = nullptr) {
  std::atomic<bool> stop = false;
  return Train(options, stop, [&](const TrainProgress& p) {
    if (last != nullptr && p.event == TrainProgress::Event::kValidation) *last = p.validation;
  });
}

std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

Corpus CorpusOf(const TrainOptions& o) {
  return *LoadCorpus(o.data, **Tokenizer::Load(o.work + "/tokenizer.model"), o.model);
}

// The same data as a prepared folder; returns it.
std::string Prepare(const TrainOptions& o, const Corpus& corpus) {
  const std::string folder = o.out + ".prepared";
  fs::create_directory(folder);
  const std::string tokenizer = *ReadTokenizerBytes(o.work + "/tokenizer.model");
  EXPECT_TRUE(WritePreparedCorpus(corpus, o.model, tokenizer, folder).ok());
  return folder;
}

TEST(SpeakerTest, TheModelKnowsItsUsersByTheirRows) {
  TrainOptions options = SpeakerTraining();
  options.model.d_model = options.model.readout_size = 48;  // without copying, a smaller one learns no phrases
  options.model.hidden_size = 64;
  options.steps = 200;
  ValidationResult v;
  const absl::Status status = TrainIt(options, &v);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_LT(2 * *v.own, *v.other);  // each user's phrase is theirs alone
  EXPECT_LT(*v.own, *v.none);
  EXPECT_EQ(*v.copy_share, 0);
  const auto model = DhapModel::Load(options.out);
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ((*model)->config().speakers, 6);
  EXPECT_EQ((*model)->speakers().RowOf("synthetic", "user3"), 4);
  EXPECT_EQ((*model)->speakers().RowOf("elsewhere", "user3"), 0);
  EXPECT_EQ(ReadAll(options.out + "/speakers.txt").find("user"), std::string::npos);
  EXPECT_THAT(ReadAll(options.out + "/README.md"), HasSubstr("Speaker"));
}

TEST(SpeakerTest, APreparedFolderGivesTheSameModel) {
  const TrainOptions options = SpeakerTraining();
  TrainOptions prepared = SpeakerTraining();
  prepared.prepared = Prepare(prepared, CorpusOf(prepared));
  prepared.data.clear();
  ASSERT_TRUE(TrainIt(options).ok());
  const absl::Status status = TrainIt(prepared);
  ASSERT_TRUE(status.ok()) << status;
  for (const char* file : {"/speakers.txt", "/model.safetensors", "/config.json"})
    EXPECT_TRUE(ReadAll(prepared.out + file) == ReadAll(options.out + file)) << file;
}

TEST(SpeakerTest, APreparedFolderWithoutHashesIsRefused) {
  TrainOptions options = SpeakerTraining();
  Corpus corpus = CorpusOf(options);
  corpus.users[2].hash.reset();
  options.prepared = Prepare(options, corpus);
  options.data.clear();
  const absl::Status status = TrainIt(options);
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"name\" of user 2 is not in"));
}

TEST(SpeakerTest, APreparedHashIsCheckedWhenItIsRead) {
  TrainOptions options = SpeakerTraining();
  const std::string folder = Prepare(options, CorpusOf(options)), path = folder + "/exchanges.jsonl.gz";
  std::string text, line;
  auto reader = *LineReader::Open(path);
  while (*reader->Next(line)) text += line + "\n";
  const std::string hash = UserHashText(UserHash("synthetic", "user0"));
  const size_t at = text.find(hash);
  ASSERT_NE(at, text.npos);
  for (const std::string& bad : {hash.substr(1), hash + "0", "G" + hash.substr(1), std::string()}) {
    std::string changed = text;
    changed.replace(at, hash.size(), bad);
    std::ofstream(path) << changed;  // a reader of gzip reads what is none, too
    const absl::Status status = LoadPreparedCorpus(folder, options.model).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(path + ":2: \"name\": expected 16 hexadecimal digits"));
  }
}

TEST(SpeakerTest, AnEmptiedWindowIsNobodys) {
  const TrainOptions options = SpeakerTraining();
  const Corpus corpus = CorpusOf(options);
  EXPECT_EQ(corpus.users[2].Window(5, 0).speaker, 0);
  EXPECT_EQ(corpus.users[2].Window(5, 4).speaker, 3);
  EXPECT_EQ(corpus.users[2].Window(0, 4).speaker, 3);  // who has said nothing yet is somebody
  const Batcher batcher(corpus, options);
  int nobody = 0;
  for (int64_t step = 0; step < 100; ++step) {
    const TrainBatch batch = batcher.BatchOf(step);
    for (size_t g = 0; g < batch.windows.size(); ++g) {
      nobody += batch.windows[g].speaker == 0;
      EXPECT_THAT(batch.windows[g].speaker, ::testing::AnyOf(0, batch.users[g] + 1));
    }
  }
  EXPECT_NEAR(nobody, 300 * (0.10 + 0.15 / 5), 25);
}

TEST(SpeakerTest, OtherPartsAndOtherUsersAreRefused) {
  TrainOptions options = SpeakerTraining();
  options.steps = 1;
  ASSERT_TRUE(TrainIt(options).ok());
  TrainOptions next = SpeakerTraining();
  next.init_from = options.out;
  next.steps = 1;
  EXPECT_TRUE(TrainIt(next).ok());
  next = SpeakerTraining();
  next.init_from = options.out;
  next.data = {testing::WriteTinyCorpus(next.work, 5)};
  EXPECT_THAT(std::string(TrainIt(next).message()), HasSubstr("init_from: its speakers"));
  options.model.copy = true;
  EXPECT_THAT(std::string(TrainIt(options).message()), HasSubstr("parts: expected no other part beside \"speaker\""));
}

TEST(SpeakerTest, TrainsWithContrast) {
  TrainOptions options = SpeakerTraining();
  options.groups = 4;
  options.history_contrast = 0.5;
  options.steps = 10;
  EXPECT_TRUE(TrainIt(options).ok());
}

class SpeakersFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    TrainOptions options = SpeakerTraining();
    options.steps = 1;
    ASSERT_TRUE(TrainIt(options).ok());
    dir_ = options.out;
    good_ = ReadAll(path());
    ASSERT_EQ(good_.size(), 6u * 17u);
  }
  std::string path() const { return dir_ + "/speakers.txt"; }
  void ExpectFault(const std::string& text, const std::string& fault) {
    std::ofstream(path()) << text;
    const absl::Status status = DhapModel::Load(dir_).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(fault));
  }
  std::string dir_, good_;
};

TEST_F(SpeakersFileTest, FaultsAreNamedByFileAndLine) {
  ExpectFault("", path() + ": has 0 lines; expected the config's speakers, 6");
  ExpectFault(good_.substr(17), path() + ": has 5 lines");
  ExpectFault(good_ + good_.substr(0, 17), path() + ": line 7: more lines");
  ExpectFault(good_.substr(0, good_.size() - 1), path() + ": line 6: expected 16 hexadecimal digits");
  for (const char digit : {'g', 'A', '\n', '\0', '\xff'}) {
    std::string text = good_;
    text[20] = digit;
    ExpectFault(text, path() + ": line 2: expected 16 hexadecimal digits");
  }
  fs::remove(path());
  EXPECT_THAT(std::string(DhapModel::Load(dir_).status().message()), HasSubstr(path() + ": cannot be opened"));
}

TEST_F(SpeakersFileTest, AnExchangedUserIsFoundByTheChecksum) {
  std::string text = good_;
  text[20] = text[20] == '0' ? '1' : '0';
  ExpectFault(text, "checksum of speakers.txt");
}

}  // namespace
}  // namespace idiolect
