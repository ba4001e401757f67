// The reference implementation's models, inputs and answers under tests/model/fixtures, as tests want them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "idiolect/exchange.h"

namespace idiolect::testing {

// The project's root.
std::string SourceDir();
// A fresh folder under the system's temporary one, which goes with this process.
std::string MakeTempDir();

// Names of the models: weights, then the parts that are switched on, "tied-3-general-memory-copy-post_copy".
std::vector<std::string> FixtureModelNames();
// Lays the files of one of them out as a model directory; returns its path.
std::string MakeFixtureModel(const std::string& name);
// The model that the other tests use: every part on.
std::string TinyModelDir();

struct FixtureCase {
  std::vector<Exchange> history;
  std::string post, response;
  nlohmann::json score, reply;  // the reference's output lines; null when the model's name is empty
};
std::vector<FixtureCase> FixtureCases(const std::string& model_name);

}  // namespace idiolect::testing
