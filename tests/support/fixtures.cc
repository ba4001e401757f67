#include "tests/support/fixtures.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <list>
#include <mutex>

#include "tests/support/temp_folder.h"

namespace idiolect::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

fs::path Fixtures() { return fs::path(SourceDir()) / "tests/model/fixtures"; }

std::vector<json> ReadLines(const fs::path& path) {
  std::ifstream in(path);
  std::vector<json> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
  return lines;
}

std::string WeightsOf(const std::string& name) {  // "tied-3-general" → "tied-3"
  return name.substr(0, name.find('-') + 2);
}

}  // namespace

std::string SourceDir() { return IDIOLECT_SOURCE_DIR; }

std::string MakeTempDir() {
  static std::mutex mutex;
  static std::list<TempFolder> made;
  const std::lock_guard lock(mutex);
  return made.emplace_back().path().string();
}

std::vector<std::string> FixtureModelNames() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(Fixtures())) {
    const std::string file = entry.path().filename().string();
    if (const size_t at = file.find(".config.json"); at != file.npos) names.push_back(file.substr(0, at));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string MakeFixtureModel(const std::string& name) {
  const fs::path dir = MakeTempDir();
  fs::copy(Fixtures() / (name + ".config.json"), dir / "config.json");
  fs::copy(Fixtures() / (WeightsOf(name) + ".safetensors"), dir / "model.safetensors");
  fs::copy(Fixtures() / "tokenizer.model", dir / "tokenizer.model");
  return dir.string();
}

std::string TinyModelDir() {
  static const std::string dir = MakeFixtureModel("untied-3-general-memory-copy-post_copy");
  return dir;
}

std::vector<FixtureCase> FixtureCases(const std::string& model_name) {
  const std::vector<json> inputs = ReadLines(Fixtures() / "inputs.jsonl");
  const std::vector<json> answers =
      model_name.empty() ? std::vector<json>(inputs.size()) : ReadLines(Fixtures() / (model_name + ".jsonl"));
  std::vector<FixtureCase> cases;
  for (size_t i = 0; i < inputs.size(); ++i) {
    FixtureCase c{{}, inputs[i]["post"], inputs[i]["response"], {}, {}};
    for (const json& pair : inputs[i]["history"]) {
      Exchange exchange;
      exchange.sequence = static_cast<int64_t>(c.history.size()) + 1;
      exchange.post = pair["post"];
      exchange.response = pair["response"];
      c.history.push_back(exchange);
    }
    if (!model_name.empty()) c.score = answers[i]["score"], c.reply = answers[i]["reply"];
    cases.push_back(std::move(c));
  }
  return cases;
}

}  // namespace idiolect::testing
