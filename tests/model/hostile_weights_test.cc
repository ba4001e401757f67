// model.safetensors built to mislead: every lie about lengths, places, shapes and names is refused by name.
#include <cstring>
#include <functional>

#include "absl/strings/str_cat.h"
#include "tests/model/hostile_check.h"

namespace idiolect::testing {
namespace {

using nlohmann::ordered_json;

constexpr char kBias[] = "decoder.output.bias", kGate[] = "decoder.gate.bias", kToken[] = "token_embedding.weight";

std::string Repeat(const std::string& piece, size_t count) {
  std::string text;
  text.reserve(piece.size() * count);
  for (size_t i = 0; i < count; ++i) text += piece;
  return text;
}

std::string WithLength(uint64_t length, const std::string& rest) {
  return std::string(reinterpret_cast<const char*>(&length), sizeof(length)) + rest;
}

Weights TinyWeights() { return Weights::Parse(ModelFiles::Tiny().weights); }
uint64_t HeaderBytes() { return ModelFiles::Tiny().weights.size() - TinyWeights().data.size() - 8; }

struct BytesCase {
  const char* name;
  std::string bytes;
  const char* fault;
};

// The header as raw bytes.
std::vector<BytesCase> RawCases() {
  const std::string& whole = ModelFiles::Tiny().weights;
  const std::string rest = whole.substr(8), data = TinyWeights().data, header = TinyWeights().header.dump();
  constexpr uint64_t kMax = ~uint64_t{0};
  const auto with_header = [&](const std::string& text) { return Weights::Assemble(text, data); };
  return {
      {"empty file", "", "only 0 bytes"},
      {"half a length", whole.substr(0, 4), "only 4 bytes"},
      {"only a length", whole.substr(0, 8), "beyond the file"},
      {"length 0", WithLength(0, rest), "not a JSON object"},
      {"length 1", WithLength(1, rest), "not a JSON object"},
      {"length one short", WithLength(header.size() - 1, header + data), "not a JSON object"},
      {"length into the data", WithLength(HeaderBytes() + 64, rest), "not a JSON object"},
      {"length to the last byte", WithLength(rest.size(), rest), "not a JSON object"},
      {"length one beyond", WithLength(rest.size() + 1, rest), "beyond the file"},
      {"length 2^31", WithLength(uint64_t{1} << 31, rest), "beyond the file"},
      {"length 2^32", WithLength(uint64_t{1} << 32, rest), "beyond the file"},
      {"length 2^63", WithLength(uint64_t{1} << 63, rest), "beyond the file"},
      {"length 2^64-1", WithLength(kMax, rest), "beyond the file"},
      {"length 2^64-8", WithLength(kMax - 7, rest), "beyond the file"},
      {"header over 1 MiB", with_header(absl::StrCat(header, std::string(1 << 20, ' '))), "expected at most 1048576"},
      {"header exactly 1 MiB of [", with_header(std::string(1 << 20, '[')), "not a JSON object"},
      {"1 MiB of closed lists", with_header(absl::StrCat(std::string(1 << 19, '['), std::string(1 << 19, ']'))),
       "not a JSON object"},
      {"1 MiB of objects", with_header(absl::StrCat(Repeat("{\"\":", 170000), "0", std::string(170000, '}'))), "dtype"},
      {"1 MiB of numbers", with_header(absl::StrCat("{\"a\":[", Repeat("1,", 500000), "1]}")), "\"a\""},
      {"1 MiB of empty lists", with_header(absl::StrCat("{\"a\":[", Repeat("[],", 340000), "1]}")), "\"a\""},
      {"1 MiB of the same name", with_header(absl::StrCat("{", Repeat("\"\":{},", 170000), "\"\":{}}")), "dtype"},
      {"a name of 1 MB", with_header(absl::StrCat("{\"", std::string(1000000, 'n'), "\":{}}")), "1000000 bytes"},
      {"not JSON", with_header("hello"), "not a JSON object"},
      {"empty object", with_header("{}"), "belong to no tensor"},
      {"empty object, no data", Weights::Assemble("{}", ""), "missing"},
      {"list", with_header(absl::StrCat("[", header, "]")), "not a JSON object"},
      {"string", with_header("\"x\""), "not a JSON object"},
      {"number", with_header("1e999"), "not a JSON object"},
      {"null", with_header("null"), "not a JSON object"},
      {"two objects", with_header(absl::StrCat(header, header)), "not a JSON object"},
      {"invalid UTF-8 in a name", with_header("{\"\xFF\":{}}"), "not a JSON object"},
      {"zero byte behind", with_header(absl::StrCat(header, std::string(1, '\0'))), "not a JSON object"},
      {"something hidden behind a zero byte", with_header(absl::StrCat(header, std::string(1, '\0'), "hidden")),
       "not a JSON object"},
      {"comment", with_header(absl::StrCat("/* */", header)), "not a JSON object"},
      {"trailing byte", whole + "x", "1 bytes at the end"},
      {"trailing MiB", whole + std::string(1 << 20, '\0'), "1048576 bytes at the end"},
      {"no data", Weights::Assemble(header, ""), "outside the file"},
      {"data one short", whole.substr(0, whole.size() - 1), "outside the file"},
  };
}

TEST_F(HostileModelTest, AHeaderThatLiesAboutItselfIsRefused) {
  for (const BytesCase& c : RawCases()) {
    SCOPED_TRACE(c.name);
    ModelFiles files = ModelFiles::Tiny();
    files.weights = c.bytes;
    ExpectRefused(files, "model.safetensors", c.fault);
  }
}

struct FieldCase {
  const char* field;
  ordered_json value;
  const char* fault;
};

std::vector<FieldCase> FieldCases() {
  constexpr uint64_t big = uint64_t{1} << 63, most = ~uint64_t{0};
  return {
      {"dtype", "BF16", "dtype"},
      {"dtype", "F64", "dtype"},
      {"dtype", "I64", "dtype"},
      {"dtype", "f32", "dtype"},
      {"dtype", "", "dtype"},
      {"dtype", 32, "dtype"},
      {"dtype", nullptr, "dtype"},
      {"dtype", {"F32"}, "dtype"},
      {"dtype", "F16", "do not fit"},
      {"shape", {-400}, "shape"},
      {"shape", {400.0}, "shape"},
      {"shape", {"400"}, "shape"},
      {"shape", 400, "shape"},
      {"shape", nullptr, "shape"},
      {"shape", ordered_json::array(), "do not fit"},
      {"shape", {0}, "do not fit"},
      {"shape", {399}, "do not fit"},
      {"shape", {401}, "do not fit"},
      {"shape", {1, 400}, "[1, 400]; expected [400]"},
      {"shape", {20, 20}, "[20, 20]; expected [400]"},
      {"shape", {1, 1, 1, 1, 1, 1, 1, 400}, "expected [400]"},
      {"shape", {1, 1, 1, 1, 1, 1, 1, 1, 400}, "at most 8"},
      {"shape", {uint64_t{1} << 40}, "do not fit"},
      {"shape", {(uint64_t{1} << 40) + 1}, "beyond reason"},
      {"shape", {big}, "beyond reason"},
      {"shape", {most}, "beyond reason"},
      {"shape", {1e300}, "shape"},
      {"shape", {uint64_t{1} << 31, uint64_t{1} << 31}, "do not fit"},
      {"shape", {uint64_t{1} << 32, uint64_t{1} << 32, 400}, "do not fit"},
      {"shape", {0, uint64_t{1} << 40, uint64_t{1} << 40}, "do not fit"},
      {"shape", {uint64_t{1} << 40, uint64_t{1} << 40, 0}, "do not fit"},
      {"shape", {true}, "shape"},
      {"data_offsets", nullptr, "data_offsets"},
      {"data_offsets", 0, "data_offsets"},
      {"data_offsets", {0}, "data_offsets"},
      {"data_offsets", {0, 1600, 1600}, "data_offsets"},
      {"data_offsets", {-1600, 0}, "data_offsets"},
      {"data_offsets", {0.0, 1600.0}, "data_offsets"},
      {"data_offsets", {"0", "1600"}, "data_offsets"},
      {"data_offsets", {1600, 0}, "outside"},
      {"data_offsets", {0, most}, "outside"},
      {"data_offsets", {most, most}, "outside"},
      {"data_offsets", {most - 1599, 0}, "outside"},
      {"data_offsets", {big, big}, "outside"},
      {"data_offsets", {uint64_t{1} << 32, (uint64_t{1} << 32) + 1600}, "outside"},
      {"data_offsets", {0, 0}, "do not fit"},
      {"data_offsets", {0, 1599}, "do not fit"},
      {"data_offsets", {4, 1604}, "overlaps"},
  };
}

TEST_F(HostileModelTest, ATensorThatLiesAboutItselfIsRefusedByName) {
  for (const FieldCase& c : FieldCases()) {
    SCOPED_TRACE(::testing::Message() << c.field << " = " << c.value);
    ModelFiles files = ModelFiles::Tiny();
    Weights weights = TinyWeights();
    weights.header[kBias][c.field] = c.value;
    files.weights = weights.Bytes();
    ExpectRefused(files, "model.safetensors", c.fault);
    EXPECT_NE(Try(files).find("tensor \""), std::string::npos);
  }
  for (const char* field : {"dtype", "shape", "data_offsets"}) {
    ModelFiles files = ModelFiles::Tiny();
    Weights weights = TinyWeights();
    weights.header[kBias].erase(field);
    files.weights = weights.Bytes();
    ExpectRefused(files, "model.safetensors", std::string("tensor \"decoder.output.bias\": ") + field);
  }
}

// Puts a 4-byte pattern into the first value of a tensor.
void SetValue(Weights& weights, const char* tensor, size_t place, uint32_t bits) {
  const size_t at = weights.header[tensor]["data_offsets"][0].get<size_t>() + 4 * place;
  std::memcpy(weights.data.data() + at, &bits, sizeof(bits));
}

struct EditCase {
  const char* name;
  std::function<void(Weights&)> edit;
  const char* fault;
};

std::vector<EditCase> EditCases() {
  std::vector<EditCase> cases = {
      {"a tensor renamed",
       [](Weights& w) {
         w.header["another"] = w.header[kGate];
         w.header.erase(kGate);
       },
       "\"decoder.gate.bias\": missing"},
      {"a tensor in capitals",
       [](Weights& w) {
         w.header["DECODER.GATE.BIAS"] = w.header[kGate];
         w.header.erase(kGate);
       },
       "missing"},
      {"a tensor twice in one place", [](Weights& w) { w.header["twin"] = w.header[kGate]; }, "overlaps"},
      {"two tensors in one place",
       [](Weights& w) { w.header["decoder.bridge.bias"] = w.header["decoder.post_query.bias"]; }, "gap"},
      {"an unknown tensor of nothing",
       [](Weights& w) {
         w.header["empty"] = {{"dtype", "F32"}, {"shape", {0}}, {"data_offsets", {0, 0}}};
       },
       "\"empty\": not a tensor"},
      {"a tensor that is null", [](Weights& w) { w.header[kGate] = nullptr; },
       "\"decoder.gate.bias\": expected an object"},
      {"a tensor that is a list",
       [](Weights& w) {
         w.header[kGate] = {1, 2};
       },
       "expected an object"},
      {"metadata that is no object", [](Weights& w) { w.header["__metadata__"] = "x"; }, "__metadata__"},
      {"metadata with a number",
       [](Weights& w) {
         w.header["__metadata__"] = {{"format", 1}};
       },
       "__metadata__"},
      {"metadata with a list",
       [](Weights& w) {
         w.header["__metadata__"] = {{"format", {"pt"}}};
       },
       "__metadata__"},
      {"one checksum",
       [](Weights& w) {
         w.header["__metadata__"] = {{"sha256_config", "00"}};
       },
       "1 of the 3 checksums"},
      {"false checksums",
       [](Weights& w) {
         w.header["__metadata__"] = {{"sha256_config", ""}, {"sha256_tokenizer", ""}, {"sha256_tensors", ""}};
       },
       "checksum of the tensors"},
      {"two tensors' places exchanged",
       [](Weights& w) { std::swap(w.header[kBias]["data_offsets"], w.header[kGate]["data_offsets"]); }, "do not fit"},
      {"matrix turned",
       [](Weights& w) {
         w.header[kToken]["shape"] = {12, 400};
       },
       "[12, 400]; expected [400, 12]"},
      {"matrix flattened", [](Weights& w) { w.header[kToken]["shape"] = {4800}; }, "[4800]; expected [400, 12]"},
      {"a gap in the middle",
       [](Weights& w) {
         w.data += std::string(4, '\0');
         const auto n = w.data.size();
         for (auto& [name, entry] : w.header.items()) {
           auto& place = entry["data_offsets"];
           if (place[1] == n - 4) place = {place[0].get<size_t>() + 4, n};
         }
       },
       "gap"},
  };
  for (auto [name, bits] : {std::pair{"NaN", 0x7FC00000u},
                            {"signalling NaN", 0x7F800001u},
                            {"-NaN", 0xFFFFFFFFu},
                            {"+Inf", 0x7F800000u},
                            {"-Inf", 0xFF800000u}}) {
    cases.push_back({name, [bits = bits](Weights& w) { SetValue(w, kToken, 0, bits); },
                     "\"token_embedding.weight\": holds a value that is not finite"});
    cases.push_back({name, [bits = bits](Weights& w) { SetValue(w, kBias, 399, bits); },
                     "\"decoder.output.bias\": holds a value that is not finite"});
  }
  return cases;
}

TEST_F(HostileModelTest, WeightsThatAreNotThisModelsAreRefused) {
  for (const EditCase& c : EditCases()) {
    SCOPED_TRACE(c.name);
    ModelFiles files = ModelFiles::Tiny();
    Weights weights = TinyWeights();
    c.edit(weights);
    files.weights = weights.Bytes();
    ExpectRefused(files, "model.safetensors", c.fault);
  }
}

TEST_F(HostileModelTest, EveryMissingTensorIsNamed) {
  const Weights whole = TinyWeights();
  for (const auto& [name, entry] : whole.header.items()) {
    if (name == "__metadata__") continue;
    Weights weights = whole;
    weights.header.erase(name);
    // Its bytes go to a tensor of no use, so that only the name is wrong.
    weights.header["spare"] = entry;
    ModelFiles files = ModelFiles::Tiny();
    files.weights = weights.Bytes();
    ExpectRefused(files, "model.safetensors", absl::StrCat("tensor \"", name, "\": missing"));
  }
}

TEST_F(HostileModelTest, ExtremeButFiniteWeightsCrashNothing) {
  for (uint32_t bits : {0x7F7FFFFFu, 0xFF7FFFFFu, 0x00000001u, 0x7F000000u}) {
    ModelFiles files = ModelFiles::Tiny();
    Weights weights = TinyWeights();
    for (size_t at = 0; at < weights.data.size(); at += 4) std::memcpy(weights.data.data() + at, &bits, 4);
    files.weights = weights.Bytes();
    EXPECT_EQ(Try(files), "");
  }
}

}  // namespace
}  // namespace idiolect::testing
