#include "tests/train/tiny_corpus.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/fixtures.h"

namespace idiolect::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPosts[] = {"Did you sleep well?", "What shall we cook tonight?", "Is it raining again?",
                                  "Who broke the build?", "Shall we walk home?"};
constexpr const char* kHabits[] = {"like a stone",     "soup, please",    "haha, of course",
                                   "not me, honestly", "grand, so it is", "coffee first"};
constexpr const char* kEndings[] = {"and you?", "as ever", "my friend", "thanks", "no doubt"};

}  // namespace

std::string WriteTinyCorpus(const std::string& dir, int users, int exchanges) {
  const std::string path = dir + "/corpus.jsonl";
  std::ofstream out(path);
  for (int i = 0; i < exchanges; ++i) {
    for (int user = 0; user < users; ++user) {
      out << nlohmann::json{{"user", "user" + std::to_string(user)},
                            {"post", kPosts[(i * 3 + user) % 5]},
                            {"response", std::string(kHabits[user % 6]) + " " + kEndings[(i + user) % 5]},
                            {"time", 1000 + i},
                            {"source", "synthetic"}}
                 .dump()
          << "\n";
    }
  }
  return path;
}

TrainOptions TinyTraining() {
  const std::string dir = MakeTempDir();
  TrainOptions o;
  o.data = {WriteTinyCorpus(dir)};
  o.out = dir + "/model";
  o.work = dir + "/work";
  fs::create_directory(o.work);
  fs::copy(TinyModelDir() + "/tokenizer.model", o.work + "/tokenizer.model");
  o.model.vocab_size = 400;
  o.model.d_model = o.model.readout_size = 12;
  o.model.hidden_size = 16;
  o.model.history_layers = o.model.memory_layers = 1;
  o.model.heads = 2;
  o.model.feed_forward_size = 16;
  o.model.max_history = 4;
  o.model.max_post_tokens = o.model.max_response_tokens = 10;
  o.groups = 3;
  o.targets = 4;
  o.steps = 40;
  o.warmup_steps = 5;
  o.learning_rate = 1e-2;
  o.validate_every = 15;
  o.checkpoint_every = 1000;
  o.validation_users = 6;
  o.seed = 7;
  o.card_name = "a tiny test model";
  return o;
}

}  // namespace idiolect::testing
