#include "train/trainer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "absl/strings/str_format.h"
#include "model/dhap_model.h"
#include "model/safetensors.h"
#include "tests/support/fixtures.h"
#include "tests/train/tiny_corpus.h"
#include "train/curves.h"

namespace idiolect {
namespace {

namespace fs = std::filesystem;
using Event = TrainProgress::Event;

std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// One sitting: what it reported, and how it ended.
struct Sitting {
  absl::Status status;
  std::vector<TrainProgress> steps, validations;
};

Sitting Sit(const TrainOptions& options, int64_t stop_after = -1) {
  Sitting sitting;
  std::atomic<bool> stop = stop_after == 0;
  sitting.status = Train(options, stop, [&](const TrainProgress& p) {
    if (p.event == Event::kStep) sitting.steps.push_back(p);
    if (p.event == Event::kValidation) sitting.validations.push_back(p);
    if (p.event == Event::kStep && p.step == stop_after) stop = true;
  });
  return sitting;
}

std::string CheckpointData(const TrainOptions& options) {
  const auto file = SafetensorsFile::Open(options.work + "/checkpoint.safetensors");
  EXPECT_TRUE(file.ok()) << file.status();
  return std::string((*file)->data());
}

TEST(TrainTest, TheLossFallsAndTheModelKnowsItsUsers) {
  TrainOptions options = testing::TinyTraining();
  options.steps = 150;
  options.validate_every = 50;
  const Sitting sitting = Sit(options);
  ASSERT_TRUE(sitting.status.ok()) << sitting.status;
  ASSERT_EQ(sitting.steps.size(), 150u);
  EXPECT_LT(sitting.steps.back().loss, 0.7 * sitting.steps.front().loss);
  ASSERT_EQ(sitting.validations.size(), 3u);
  EXPECT_LT(*sitting.validations.back().validation.own, 0.5 * *sitting.validations.front().validation.own);
  const ValidationResult& v = sitting.validations.back().validation;
  EXPECT_LT(*v.own, *v.other);  // each user's phrase is theirs alone
  EXPECT_EQ(v.examples, 6 * 3);
}

TEST(TrainTest, AnInterruptedRunEndsAsIfItHadNotBeen) {
  const TrainOptions whole = testing::TinyTraining(), interrupted = testing::TinyTraining();
  ASSERT_TRUE(Sit(whole).status.ok());
  for (int64_t stop_after : {0, 1, 17, 30}) ASSERT_TRUE(Sit(interrupted, stop_after).status.ok());
  const Sitting last = Sit(interrupted);
  ASSERT_TRUE(last.status.ok());
  EXPECT_EQ(last.steps.front().step, 31);
  EXPECT_TRUE(CheckpointData(interrupted) == CheckpointData(whole));
  EXPECT_TRUE(ReadAll(interrupted.out + "/model.safetensors") == ReadAll(whole.out + "/model.safetensors"));
  const Sitting after = Sit(interrupted);  // nothing is left to do
  EXPECT_TRUE(after.status.ok() && after.steps.empty());
}

TEST(TrainTest, AnInterruptedRunWithContrastEndsAsIfItHadNotBeen) {
  TrainOptions whole = testing::TinyTraining(), interrupted = testing::TinyTraining();
  for (TrainOptions* o : {&whole, &interrupted}) {
    o->groups = 2;
    o->accumulate = 3;
    o->history_contrast = o->post_contrast = 0.5;
    o->dropout = 0.2;
    o->steps = 12;
  }
  ASSERT_TRUE(Sit(whole).status.ok());
  ASSERT_TRUE(Sit(interrupted, 7).status.ok());
  ASSERT_TRUE(Sit(interrupted).status.ok());
  EXPECT_TRUE(CheckpointData(interrupted) == CheckpointData(whole));
}

TEST(TrainTest, TheThreadsDoNotChangeTheBits) {
  TrainOptions alone = testing::TinyTraining(), together = testing::TinyTraining(), more = testing::TinyTraining();
  alone.threads = 1;
  together.threads = 2;
  more.threads = 8;  // than there are batches
  for (TrainOptions* o : {&alone, &together, &more}) {
    o->groups = 2;
    o->accumulate = 3;
    o->history_contrast = 0.5;
    o->dropout = 0.2;
    o->steps = 8;
    ASSERT_TRUE(Sit(*o).status.ok());
  }
  EXPECT_TRUE(CheckpointData(together) == CheckpointData(alone));
  EXPECT_TRUE(CheckpointData(more) == CheckpointData(alone));
}

TEST(TrainTest, ARunStartsFromAnotherModel) {
  TrainOptions first = testing::TinyTraining();
  first.steps = 120;
  const Sitting before = Sit(first);
  ASSERT_TRUE(before.status.ok()) << before.status;
  TrainOptions second = testing::TinyTraining();
  second.init_from = first.out;
  second.model.d_model = second.model.readout_size = 24;  // the start's sizes count
  second.steps = 1;
  second.learning_rate = 1e-9;
  const Sitting after = Sit(second);
  ASSERT_TRUE(after.status.ok()) << after.status;
  EXPECT_EQ(ToJson((*DhapModel::Load(second.out))->config()), ToJson(first.model));
  double best = *before.validations.front().validation.own;
  for (const TrainProgress& p : before.validations) best = std::min(best, *p.validation.own);
  EXPECT_NEAR(*after.validations.back().validation.own, best, 0.02 * best);  // float16 has rounded it

  second = testing::TinyTraining();
  second.init_from = first.out;
  second.model.d_model = 24;
  second.model.heads = 4;
  second.model.copy = false;
  const std::pair<std::vector<std::string>, std::string> asked[] = {
      {{"vocab_size", "d_model"}, "d_model: is set to 24, but the model of init_from, " + first.out + ", has 12"},
      {{"heads"}, "heads: is set to 4, but the model of init_from, " + first.out + ", has 2"},
      {{"parts"}, "parts: is set to [\"general\",\"memory\"], but"}};
  for (const auto& [names, fault] : asked) {
    second.asked_of_model = names;
    const absl::Status status = Sit(second).status;
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_EQ(status.message().substr(0, fault.size()), fault);
  }

  second = testing::TinyTraining();
  second.init_from = first.out + "/nowhere";
  EXPECT_TRUE(absl::IsNotFound(Sit(second).status));
}

TEST(TrainTest, TheTimeMayEndARun) {
  TrainOptions options = testing::TinyTraining();
  options.steps = 1000000;
  options.minutes = 1.0 / 60;
  const Sitting sitting = Sit(options);
  ASSERT_TRUE(sitting.status.ok()) << sitting.status;
  EXPECT_LT(sitting.steps.size(), 100000u);
  EXPECT_LT(sitting.steps.back().learning_rate, 0.2 * options.learning_rate);
  for (const TrainProgress& p : sitting.steps) ASSERT_LE(p.seconds_left, 1);
  EXPECT_EQ(sitting.validations.back().step, sitting.steps.back().step);
  EXPECT_TRUE(Sit(options).steps.empty());
}

TEST(TrainTest, AnotherSeedIsAnotherRun) {
  TrainOptions one = testing::TinyTraining(), other = testing::TinyTraining();
  one.steps = other.steps = 3;
  other.seed = 8;
  ASSERT_TRUE(Sit(one).status.ok() && Sit(other).status.ok());
  EXPECT_FALSE(CheckpointData(one) == CheckpointData(other));
}

TEST(TrainTest, TheModelLoadsAndItsCardNamesTheNumbers) {
  const TrainOptions options = testing::TinyTraining();
  const Sitting sitting = Sit(options);
  ASSERT_TRUE(sitting.status.ok()) << sitting.status;
  const auto model = DhapModel::Load(options.out);
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(ToJson((*model)->config()), ToJson(options.model));
  TrainProgress best = sitting.validations.front();
  for (const TrainProgress& p : sitting.validations) {
    if (p.validation.own < best.validation.own) best = p;
  }
  const std::string card = ReadAll(options.out + "/README.md");
  for (const std::string& fact :
       {std::string("# a tiny test model"), absl::StrCat((*model)->parameters().count(), " parameters"),
        absl::StrCat(best.step, " steps of at most 12 targets"), std::string("seed 7"),
        std::string("| synthetic | 6 | 162 |"), std::string("`corpus.jsonl`"),
        absl::StrFormat("| the user's own | %.1f |", *best.validation.own),
        absl::StrFormat("| another user's of the same source | %.1f |", *best.validation.other),
        absl::StrFormat("| none | %.1f |", *best.validation.none),
        absl::StrFormat("factor of %.3f over another's and of %.3f over none", *best.validation.other_over_own,
                        *best.validation.none / *best.validation.own),
        absl::StrCat(best.validation.examples, " examples, ", best.validation.words, " words")}) {
    EXPECT_NE(card.find(fact), card.npos) << "missing: " << fact << "\n" << card;
  }
}

TEST(TrainTest, TheCurvesShowEveryValidationOnce) {
  const TrainOptions options = testing::TinyTraining();  // validates at 15, 30 and 40
  ASSERT_TRUE(Sit(options, 20).status.ok());
  ASSERT_TRUE(Sit(options).status.ok());
  std::ofstream(options.work + "/train.jsonl", std::ios::app) << R"({"step": 30, "own": 2, "other": 3, "none": 4})"
                                                              << "\n{\"step\": \"x\", \"own\": 5}\n"
                                                              << R"({"step": 35, "own": null})"
                                                              << "\n{\"step\": 5, \"ow";
  ASSERT_TRUE(DrawCurves(options.work + "/train.jsonl", options.out + "/curves.svg").ok());
  const std::string svg = ReadAll(options.out + "/curves.svg");
  size_t points = 0;
  for (size_t at = svg.find("<circle"); at != svg.npos; at = svg.find("<circle", at + 1)) ++points;
  EXPECT_EQ(points, 3u * 3u) << svg;
  EXPECT_TRUE(absl::IsUnavailable(DrawCurves(options.work + "/none", options.out + "/curves.svg")));
}

TEST(TrainTest, WithoutValidationDataTheLastModelIsKept) {
  TrainOptions options = testing::TinyTraining();
  options.data = {testing::WriteTinyCorpus(fs::path(options.out).parent_path(), 6, 9)};  // a tenth of 9 is nothing
  options.steps = 20;
  options.validate_every = 10;
  ASSERT_TRUE(Sit(options, 10).status.ok());
  const std::string first = ReadAll(options.out + "/model.safetensors");
  const Sitting last = Sit(options);
  ASSERT_TRUE(last.status.ok()) << last.status;
  EXPECT_FALSE(ReadAll(options.out + "/model.safetensors") == first);
  EXPECT_FALSE(last.validations.back().validation.own.has_value());
  const std::string log = ReadAll(options.work + "/train.jsonl"), card = ReadAll(options.out + "/README.md");
  EXPECT_NE(log.find(R"("own":null,"other":null,"none":null,"other_over_own":null,"copy_share":null,"examples":0)"),
            log.npos)
      << log;
  EXPECT_NE(card.find("Not measured"), card.npos) << card;
  EXPECT_EQ(card.find("perplexity |"), card.npos) << card;
}

TEST(TrainTest, WhoIsAloneInTheirSourceIsComparedWithNobody) {
  TrainOptions options = testing::TinyTraining();
  options.data = {testing::WriteTinyCorpus(fs::path(options.out).parent_path(), 1)};
  options.steps = 15;
  const Sitting sitting = Sit(options);
  ASSERT_TRUE(sitting.status.ok()) << sitting.status;
  const ValidationResult& v = sitting.validations.back().validation;
  EXPECT_TRUE(v.own && v.none);
  EXPECT_FALSE(v.other || v.other_over_own);
  EXPECT_EQ(v.compared_examples, 0);
  const std::string card = ReadAll(options.out + "/README.md");
  EXPECT_EQ(card.find("another"), card.npos) << card;
  EXPECT_NE(card.find("Of the examples 3 are of users who are alone"), card.npos) << card;
}

TEST(TrainTest, ADeletedModelIsWrittenAgain) {
  const TrainOptions options = testing::TinyTraining();
  ASSERT_TRUE(Sit(options).status.ok());
  fs::remove_all(options.out);
  const Sitting again = Sit(options);
  ASSERT_TRUE(again.status.ok()) << again.status;
  EXPECT_TRUE(again.steps.empty());
  ASSERT_EQ(again.validations.size(), 1u);
  EXPECT_TRUE(DhapModel::Load(options.out).ok());

  const TrainOptions going_on = testing::TinyTraining();
  ASSERT_TRUE(Sit(going_on, 20).status.ok());  // validated at 15
  fs::remove_all(going_on.out);
  const Sitting rest = Sit(going_on);
  ASSERT_TRUE(rest.status.ok()) << rest.status;
  EXPECT_EQ(rest.validations.front().step, 20);
  EXPECT_TRUE(DhapModel::Load(going_on.out).ok());
}

TEST(TrainTest, AModelOfAnotherRunIsNotOverwritten) {
  TrainOptions options = testing::TinyTraining();
  options.steps = 2;
  ASSERT_TRUE(Sit(options).status.ok());
  const std::string model = ReadAll(options.out + "/model.safetensors");
  fs::remove(options.work + "/checkpoint.safetensors");
  options.seed = 8;
  const absl::Status status = Sit(options).status;
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_EQ(status.message().find("out: " + options.out + " has a model already"), 0u) << status;
  EXPECT_TRUE(ReadAll(options.out + "/model.safetensors") == model);
}

TEST(TrainTest, ARunWhoseModelIsWrittenHasACheckpoint) {
  TrainOptions options = testing::TinyTraining();  // its first checkpoint would be the last step's
  std::atomic<bool> stop = false;
  bool seen = false;
  ASSERT_TRUE(Train(options, stop, [&](const TrainProgress& p) {
                if (p.event != Event::kStep || p.step != 16) return;
                seen = fs::exists(options.out + "/model.safetensors");
                EXPECT_TRUE(fs::exists(options.work + "/checkpoint.safetensors"));
              }).ok());
  EXPECT_TRUE(seen);
}

TEST(TrainTest, WorkStandsBesideOutAlsoWhereThatEndsInASlash) {
  TrainOptions options = testing::TinyTraining();
  options.steps = 1;
  fs::rename(options.work, options.out + ".work");
  options.work.clear();
  options.out += "//";
  ASSERT_TRUE(Sit(options).status.ok());
  const std::string out = options.out.substr(0, options.out.size() - 2);
  EXPECT_TRUE(fs::exists(out + ".work/checkpoint.safetensors"));
  EXPECT_FALSE(fs::exists(out + "/.work"));
}

TEST(TrainTest, ALogThatCannotBeWrittenIsSaidAtOnce) {
  TrainOptions options = testing::TinyTraining();
  fs::create_directory(options.work + "/train.jsonl");
  const Sitting sitting = Sit(options);
  EXPECT_TRUE(absl::IsUnavailable(sitting.status)) << sitting.status;
  EXPECT_EQ(sitting.status.message(), options.work + "/train.jsonl: cannot be written");
  EXPECT_TRUE(sitting.steps.empty());
}

TEST(TrainTest, BadDataNamesFileAndLine) {
  TrainOptions options = testing::TinyTraining();
  std::ofstream(options.data[0], std::ios::app) << R"({"user": "ann", "post": "secret words", "time": 5})"
                                                << "\n";
  const absl::Status status = Sit(options).status;
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_NE(status.message().find(options.data[0] + ":181: "), std::string::npos) << status;
  EXPECT_EQ(status.message().find("secret"), std::string::npos) << status;

  options.data = {options.out + "/none.jsonl"};
  EXPECT_TRUE(absl::IsNotFound(Sit(options).status));
  options.data = {};
  EXPECT_TRUE(absl::IsInvalidArgument(Sit(options).status));
}

TEST(TrainTest, OptionsThatCannotBeAreRefusedByName) {
  const std::pair<std::function<void(TrainOptions&)>, const char*> cases[] = {
      {[](auto& o) { o.model.heads = 5; }, "heads"},
      {[](auto& o) { o.model.hidden_size = 15; }, "hidden_size"},
      {[](auto& o) { o.model.vocab_size = 1; }, "vocab_size"},
      {[](auto& o) { o.model.vocab_size = 500; }, "expected vocab_size 500"},
      {[](auto& o) { o.groups = 0; }, "groups"},
      {[](auto& o) { o.targets = -1; }, "targets"},
      {[](auto& o) { o.held_out_users = 1; }, "held_out_users"},
      {[](auto& o) { o.accumulate = 0; }, "accumulate"},
      {[](auto& o) { o.threads = -1; }, "threads"},
      {[](auto& o) { o.history_contrast = -1; }, "history_contrast"},
      {[](auto& o) { o.post_contrast = std::numeric_limits<double>::quiet_NaN(); }, "post_contrast"},
      {[](auto& o) { o.post_contrast = 1; }, "groups"},  // 3 of them
      {[](auto& o) { o.joint_contrast = -1; }, "joint_contrast"},
      {[](auto& o) { o.reply_contrast = 1; }, "reply_contrast: expected history_contrast"},
      {[](auto& o) { o.contrast_windows = 1; }, "contrast_windows"},
      {[](auto& o) { o.contrast_targets = 0; }, "contrast_targets"},
      {[](auto& o) { o.minutes = -1; }, "minutes"},
      {[](auto& o) { o.device = "tpu"; }, "device: \"tpu\" is unknown"},
      {[](auto& o) { o.device = "cuda:99"; }, "device: \"cuda:99\""},
      {[](auto& o) { o.steps = -1; }, "steps"},
      {[](auto& o) { o.validate_every = 0; }, "validate_every"},
      {[](auto& o) { o.checkpoint_every = 0; }, "checkpoint_every"},
      {[](auto& o) { o.dropout = 1; }, "dropout"},
      {[](auto& o) { o.learning_rate = 0; }, "learning_rate"},
      {[](auto& o) { o.out = ""; }, "out"},
      {[](auto& o) { o.clip_norm = std::numeric_limits<double>::quiet_NaN(); }, "clip_norm"}};
  for (const auto& [edit, named] : cases) {
    SCOPED_TRACE(named);
    TrainOptions options = testing::TinyTraining();
    edit(options);
    const absl::Status status = Sit(options).status;
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_NE(status.message().find(named), std::string::npos) << status;
  }
}

TEST(TrainTest, ACheckpointThatDoesNotFitIsRefusedByName) {
  TrainOptions options = testing::TinyTraining();
  options.steps = 2;
  ASSERT_TRUE(Sit(options).status.ok());
  const std::string path = options.work + "/checkpoint.safetensors", good = ReadAll(path);
  const auto expect_refused = [&](const TrainOptions& o) {
    const absl::Status status = Sit(o).status;
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_EQ(status.message().find(path + ": "), 0u) << status;
  };
  TrainOptions wider = options;
  wider.model.feed_forward_size = 24;
  std::string older = good;  // without settings
  older.replace(older.find("\"settings\""), 10, "\"sottings\"");
  std::ofstream(path, std::ios::binary) << older;
  expect_refused(wider);
  ASSERT_TRUE(Sit(options).status.ok());
  for (size_t size : {size_t{0}, size_t{100}, good.size() / 2, good.size() - 1}) {
    std::ofstream(path, std::ios::binary) << good.substr(0, size);
    expect_refused(options);
  }
  std::string no_step = good;
  no_step.replace(no_step.find("\"step\""), 6, "\"stop\"");
  std::ofstream(path, std::ios::binary) << no_step;
  expect_refused(options);
}

TEST(TrainTest, ARunGoesOnWithItsOwnDataAndSettingsOnly) {
  TrainOptions options = testing::TinyTraining();
  options.steps = 2;
  ASSERT_TRUE(Sit(options).status.ok());
  const std::string path = options.work + "/checkpoint.safetensors", good = ReadAll(path);
  const std::string shorter = testing::WriteTinyCorpus(testing::MakeTempDir(), 6, 29);
  const std::pair<std::function<void(TrainOptions&)>, std::string> cases[] = {
      {[](auto& o) { o.learning_rate = 0.002; }, "learning_rate 0.01, and this one has 0.002"},
      {[](auto& o) { o.seed = 8; }, "seed 7, and this one has 8"},
      {[](auto& o) { o.model.feed_forward_size = 24; }, "feed_forward_size 16, and this one has 24"},
      {[](auto& o) { o.model.copy = false; }, "parts [\"general\",\"memory\",\"copy\"], and this one has"},
      {[](auto& o) { o.no_post_rate = 0.5; }, "no_post_rate 0.05, and this one has 0.5"},
      {[&](auto& o) { o.data = {shorter}; }, "sha256_exchanges \""},
      {[](auto& o) { o.held_out_users = 0.5; }, "sha256_exchanges \""}};
  for (const auto& [edit, fault] : cases) {
    TrainOptions other = options;
    edit(other);
    const absl::Status status = Sit(other).status;
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_EQ(status.message().find(path + ": is of a run with " + fault), 0u) << status;
    EXPECT_TRUE(ReadAll(path) == good);
  }
  std::string broken = good;
  broken.replace(broken.find("{\\\"architecture"), 1, "[");
  std::ofstream(path, std::ios::binary) << broken;
  EXPECT_TRUE(absl::IsInvalidArgument(Sit(options).status));

  std::ofstream(path, std::ios::binary) << good;
  TrainOptions longer = options;
  longer.steps = 4;
  longer.minutes = 60;
  longer.threads = 1;
  longer.validate_every = longer.checkpoint_every = 1;
  longer.validation_users = 2;
  longer.card_name = "another name";
  const Sitting sitting = Sit(longer);
  EXPECT_TRUE(sitting.status.ok()) << sitting.status;
  EXPECT_EQ(sitting.steps.size(), 2u);
}

TEST(TrainTest, ARunGoesOnFromTheModelThatItBeganWith) {
  TrainOptions first = testing::TinyTraining(), second = testing::TinyTraining();
  first.steps = second.steps = 1;
  second.seed = 8;
  ASSERT_TRUE(Sit(first).status.ok() && Sit(second).status.ok());
  TrainOptions run = testing::TinyTraining();
  run.steps = 1;
  run.init_from = first.out;
  ASSERT_TRUE(Sit(run).status.ok());
  for (const std::string& start : {second.out, std::string()}) {
    run.init_from = start;
    const absl::Status status = Sit(run).status;
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_NE(status.message().find("sha256_init_from"), std::string::npos) << status;
  }
}

TEST(TrainTest, TheTokenizerOfARunIsNotReplaced) {
  TrainOptions first = testing::TinyTraining(), run = testing::TinyTraining();
  first.steps = run.steps = 1;
  ASSERT_TRUE(Sit(first).status.ok());
  fs::remove(run.work + "/tokenizer.model");
  run.model.vocab_size = 330;
  ASSERT_TRUE(Sit(run).status.ok());
  const std::string tokenizer = ReadAll(run.work + "/tokenizer.model");
  run.init_from = first.out;
  const absl::Status status = Sit(run).status;
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_NE(status.message().find("another tokenizer than that of init_from"), std::string::npos) << status;
  EXPECT_TRUE(ReadAll(run.work + "/tokenizer.model") == tokenizer);
}

TEST(TrainTest, ALossThatIsNoNumberIsSaidAndNotSaved) {
  TrainOptions options = testing::TinyTraining();
  options.learning_rate = 1e30;
  options.warmup_steps = 0;
  const absl::Status status = Sit(options).status;
  EXPECT_TRUE(absl::IsInternal(status)) << status;
  EXPECT_NE(status.message().find("learning_rate"), std::string::npos) << status;
  EXPECT_FALSE(fs::exists(options.out + "/model.safetensors"));
}

}  // namespace
}  // namespace idiolect
