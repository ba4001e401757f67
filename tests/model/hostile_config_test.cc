// config.json built to mislead: every field missing, of another type, out of its range, or at odds with another.
#include "tests/model/hostile_check.h"

namespace idiolect::testing {
namespace {

using nlohmann::ordered_json;

constexpr const char* kIntegers[] = {
    "vocab_size", "d_model",           "hidden_size", "readout_size",    "history_layers",     "memory_layers",
    "heads",      "feed_forward_size", "max_history", "max_post_tokens", "max_response_tokens"};

ordered_json TinyConfig() { return ordered_json::parse(ModelFiles::Tiny().config); }

ModelFiles WithConfig(const std::string& config) {
  ModelFiles files = ModelFiles::Tiny();
  files.config = config;
  return files;
}

class HostileConfigTest : public HostileModelTest {
 protected:
  void ExpectFieldRefused(const char* field, const ordered_json& value, const std::string& named) {
    SCOPED_TRACE(::testing::Message() << field << " = " << value);
    ordered_json config = TinyConfig();
    config[field] = value;
    ExpectRefused(WithConfig(config.dump()), "config.json", named + ": expected");
  }
};

TEST_F(HostileConfigTest, EveryMissingFieldIsNamed) {
  const ordered_json whole = TinyConfig();
  for (const auto& [field, value] : whole.items()) {
    if (field == "parts") continue;  // it may be absent
    ordered_json config = whole;
    config.erase(field);
    ExpectRefused(WithConfig(config.dump()), "config.json", field + ": expected");
  }
}

TEST_F(HostileConfigTest, EverySizeOutOfItsRangeIsNamed) {
  const ordered_json values[] = {-1,
                                 int64_t{1} << 31,
                                 int64_t{1} << 32,
                                 int64_t{1} << 62,
                                 uint64_t{1} << 63,
                                 ~uint64_t{0},
                                 std::numeric_limits<int64_t>::min(),
                                 1e300,
                                 12.0,
                                 12.5,
                                 "12",
                                 true,
                                 nullptr,
                                 {12},
                                 ordered_json::object()};
  for (const char* field : kIntegers) {
    for (const ordered_json& value : values) ExpectFieldRefused(field, value, field);
    if (!std::string_view(field).ends_with("_layers"))
      ExpectFieldRefused(field, 0, field);  // a stack may have no layer
  }
  for (const ordered_json& value : values) ExpectFieldRefused("speakers", value, "speakers");
}

TEST_F(HostileConfigTest, OtherFieldsOfAnotherKindAreNamed) {
  const std::pair<const char*, ordered_json> cases[] = {{"architecture", "gpt"},
                                                        {"architecture", "DHAP"},
                                                        {"architecture", 1},
                                                        {"architecture", nullptr},
                                                        {"format_version", 2},
                                                        {"format_version", 0},
                                                        {"format_version", -1},
                                                        {"format_version", 1.0},
                                                        {"format_version", "1"},
                                                        {"format_version", true},
                                                        {"tie_embeddings", 0},
                                                        {"tie_embeddings", "true"},
                                                        {"tie_embeddings", nullptr},
                                                        {"layer_norm_epsilon", 0},
                                                        {"layer_norm_epsilon", -1e-5},
                                                        {"layer_norm_epsilon", 1.5},
                                                        {"layer_norm_epsilon", 1e300},
                                                        {"layer_norm_epsilon", "1e-5"},
                                                        {"layer_norm_epsilon", nullptr},
                                                        {"layer_norm_epsilon", true},
                                                        {"parts", "general"},
                                                        {"parts", nullptr},
                                                        {"parts", {"General"}},
                                                        {"parts", {"general", "soul"}},
                                                        {"parts", {1}},
                                                        {"parts", {nullptr}},
                                                        {"parts", {{"general"}}},
                                                        {"parts", {{"general", true}}}};
  for (const auto& [field, value] : cases) ExpectFieldRefused(field, value, field);
}

TEST_F(HostileConfigTest, SizesAtOddsAreNamed) {
  for (int heads : {5, 7, 8, 13, 8192}) ExpectFieldRefused("heads", heads, "heads");
  for (int hidden : {3, 15, 17, 16383}) ExpectFieldRefused("hidden_size", hidden, "hidden_size");
  ExpectFieldRefused("tie_embeddings", true, "readout_size");
  ExpectFieldRefused("speakers", 3, "speakers");
  ExpectFieldRefused("parts", {"speaker", "copy"}, "parts");
}

TEST_F(HostileConfigTest, SizesOtherThanTheWeightsAreFoundThere) {
  const std::pair<const char*, ordered_json> cases[] = {{"d_model", 24},
                                                        {"d_model", 8190},
                                                        {"hidden_size", 18},
                                                        {"hidden_size", 16384},
                                                        {"readout_size", 12},
                                                        {"history_layers", 1},
                                                        {"history_layers", 0},
                                                        {"history_layers", 64},
                                                        {"memory_layers", 0},
                                                        {"memory_layers", 64},
                                                        {"feed_forward_size", 65536},
                                                        {"max_history", 1024},
                                                        {"max_post_tokens", 4096},
                                                        {"max_response_tokens", 4096},
                                                        {"parts", {"general", "memory", "copy"}}};
  for (const auto& [field, value] : cases) {
    SCOPED_TRACE(::testing::Message() << field << " = " << value);
    ordered_json config = TinyConfig();
    config[field] = value;
    ExpectRefused(WithConfig(config.dump()), "model.safetensors", "tensor \"");
  }
  for (int size : {5, 399, 401, 1 << 20}) {
    ordered_json config = TinyConfig();
    config["vocab_size"] = size;
    ExpectRefused(WithConfig(config.dump()), "tokenizer.model", "expected the config's vocab_size");
  }
}

TEST_F(HostileConfigTest, WhatIsNoObjectIsRefused) {
  const std::string whole = ModelFiles::Tiny().config;
  const std::string cases[] = {"",
                               " ",
                               "null",
                               "[]",
                               "\"dhap\"",
                               "1e999",
                               whole + whole,
                               std::string("[") + whole + "]",
                               whole + "x",
                               std::string("\xEF\xBB\xBF\xEF\xBB\xBF") + whole,
                               "{\"\xFF\":1}",
                               std::string(60000, '['),
                               std::string(30000, '[') + std::string(30000, ']'),
                               "{'architecture': 'dhap'}",
                               whole.substr(1),
                               std::string(1, '\0') + whole,
                               whole + std::string(1, '\0')};
  for (const std::string& config : cases) ExpectRefused(WithConfig(config), "config.json", "not a JSON object");
  ExpectRefused(WithConfig("{}"), "config.json", "architecture");
  ExpectRefused(WithConfig(whole + std::string(65536, ' ')), "config.json", "larger than 65536 bytes");
}

TEST_F(HostileConfigTest, FieldsOfALaterVersionAreIgnored) {
  ordered_json config = TinyConfig();
  config["colour"] = "blue";
  EXPECT_EQ(Try(WithConfig(config.dump())), "");
}

}  // namespace
}  // namespace idiolect::testing
