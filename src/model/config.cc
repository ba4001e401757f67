#include "model/config.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace idiolect {
namespace {

using nlohmann::json;

constexpr size_t kMaxConfigBytes = 64 << 10;

absl::Status Fault(const std::string& field, const std::string& expected) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": expected ", expected));
}

struct IntegerField {
  const char* name;
  int ModelConfig::*member;
  int64_t low, high;
};

constexpr IntegerField kIntegers[] = {
    {"vocab_size", &ModelConfig::vocab_size, 5, 1 << 20},
    {"d_model", &ModelConfig::d_model, 1, 8192},
    {"hidden_size", &ModelConfig::hidden_size, 2, 16384},
    {"readout_size", &ModelConfig::readout_size, 1, 16384},
    {"history_layers", &ModelConfig::history_layers, 0, 64},
    {"memory_layers", &ModelConfig::memory_layers, 0, 64},
    {"heads", &ModelConfig::heads, 1, 8192},
    {"feed_forward_size", &ModelConfig::feed_forward_size, 1, 65536},
    {"max_history", &ModelConfig::max_history, 1, 1024},
    {"max_post_tokens", &ModelConfig::max_post_tokens, 2, 4096},
    {"max_response_tokens", &ModelConfig::max_response_tokens, 2, 4096},
};

constexpr IntegerField kSpeakers = {"speakers", &ModelConfig::speakers, 0, 1 << 22};  // may be absent

struct Part {
  const char* name;
  bool ModelConfig::*member;
};

constexpr Part kParts[] = {{"general", &ModelConfig::general},
                           {"memory", &ModelConfig::memory},
                           {"copy", &ModelConfig::copy},
                           {"post_copy", &ModelConfig::post_copy},
                           {"speaker", &ModelConfig::speaker}};

absl::Status ReadFixed(const json& j) {
  const auto architecture = j.find("architecture");
  if (architecture == j.end() || *architecture != "dhap") return Fault("architecture", "\"dhap\"");
  const auto version = j.find("format_version");
  if (version == j.end() || !version->is_number_integer() || *version != 1) return Fault("format_version", "1");
  return absl::OkStatus();
}

absl::Status ReadInteger(const json& j, const IntegerField& field, ModelConfig* config) {
  const auto value = j.find(field.name);
  const std::string range = absl::StrCat("an integer from ", field.low, " to ", field.high);
  if (value == j.end() || !value->is_number_integer()) return Fault(field.name, range);
  if (value->is_number_unsigned() && value->get<uint64_t>() > static_cast<uint64_t>(field.high))
    return Fault(field.name, range);
  const int64_t number = value->get<int64_t>();
  if (number < field.low || number > field.high) return Fault(field.name, range);
  config->*field.member = static_cast<int>(number);
  return absl::OkStatus();
}

absl::Status ReadIntegers(const json& j, ModelConfig* config) {
  for (const IntegerField& field : kIntegers) {
    if (absl::Status s = ReadInteger(j, field, config); !s.ok()) return s;
  }
  return j.contains(kSpeakers.name) ? ReadInteger(j, kSpeakers, config) : absl::OkStatus();
}

absl::Status ReadOthers(const json& j, ModelConfig* config) {
  const auto tied = j.find("tie_embeddings");
  if (tied == j.end() || !tied->is_boolean()) return Fault("tie_embeddings", "true or false");
  config->tie_embeddings = tied->get<bool>();
  const auto epsilon = j.find("layer_norm_epsilon");
  if (epsilon == j.end() || !epsilon->is_number()) return Fault("layer_norm_epsilon", "a number above 0, at most 1");
  config->layer_norm_epsilon = epsilon->get<double>();
  if (!(config->layer_norm_epsilon > 0 && config->layer_norm_epsilon <= 1))
    return Fault("layer_norm_epsilon", "a number above 0, at most 1");
  return absl::OkStatus();
}

absl::Status ReadParts(const json& j, ModelConfig* config) {
  const auto parts = j.find("parts");
  if (parts == j.end()) return absl::OkStatus();  // the three parts of the paper, the struct's defaults
  constexpr char kExpected[] = "a list out of \"general\", \"memory\", \"copy\", \"post_copy\", or \"speaker\" alone";
  if (!parts->is_array()) return Fault("parts", kExpected);
  for (const Part& part : kParts) config->*part.member = false;
  for (const json& name : *parts) {
    const Part* known =
        std::find_if(std::begin(kParts), std::end(kParts), [&](const Part& part) { return name == part.name; });
    if (known == std::end(kParts)) return Fault("parts", kExpected);
    config->*known->member = true;
  }
  return absl::OkStatus();
}

absl::Status CheckConsistency(const ModelConfig& config) {
  if (config.hidden_size % 2 != 0) return Fault("hidden_size", "an even number");
  if (config.d_model % config.heads != 0) return Fault("heads", "a divisor of d_model");
  if (config.tie_embeddings && config.readout_size != config.d_model)
    return Fault("readout_size", "d_model, since tie_embeddings is true");
  if (config.speaker && (config.general || config.memory || config.copy || config.post_copy))
    return Fault("parts", "no other part beside \"speaker\"");
  if (config.speakers != 0 && !config.speaker) return Fault("speakers", "0, since parts has no \"speaker\"");
  return absl::OkStatus();
}

}  // namespace

int ModelConfig::position_count() const { return std::max(max_post_tokens, max_response_tokens) + 1; }

absl::StatusOr<ModelConfig> ParseModelConfig(std::string_view text) {
  if (text.size() > kMaxConfigBytes)
    return absl::InvalidArgumentError(absl::StrCat("larger than ", kMaxConfigBytes, " bytes"));
  const json j = json::parse(text, nullptr, /*allow_exceptions=*/false);
  // The parser takes a zero byte for the end of the text.
  if (!j.is_object() || text.find('\0') != text.npos) return absl::InvalidArgumentError("not a JSON object");
  ModelConfig config;
  if (absl::Status s = ReadFixed(j); !s.ok()) return s;
  if (absl::Status s = ReadIntegers(j, &config); !s.ok()) return s;
  if (absl::Status s = ReadOthers(j, &config); !s.ok()) return s;
  if (absl::Status s = ReadParts(j, &config); !s.ok()) return s;
  if (absl::Status s = CheckConsistency(config); !s.ok()) return s;
  return config;
}

std::string ToJson(const ModelConfig& config) {
  nlohmann::ordered_json j = {{"architecture", "dhap"}, {"format_version", 1}};
  for (const IntegerField& field : kIntegers) j[field.name] = config.*field.member;
  j["tie_embeddings"] = config.tie_embeddings;
  j["layer_norm_epsilon"] = config.layer_norm_epsilon;
  j["parts"] = json::array();
  for (const Part& part : kParts) {
    if (config.*part.member) j["parts"].push_back(part.name);
  }
  if (config.speaker) j[kSpeakers.name] = config.speakers;
  return j.dump(2) + "\n";
}

}  // namespace idiolect
