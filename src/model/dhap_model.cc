#include "model/dhap_model.h"

#include <algorithm>
#include <exception>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "model/file_io.h"

namespace idiolect {
namespace {

constexpr size_t kMaxConfigBytes = 64 << 10, kMaxTokenizerBytes = 64 << 20, kMaxSpeakersBytes = 128 << 20;
constexpr char kConfigFile[] = "config.json", kTokenizerFile[] = "tokenizer.model",
               kWeightsFile[] = "model.safetensors", kSpeakersFile[] = "speakers.txt";
constexpr char kConfigDigest[] = "sha256_config", kTokenizerDigest[] = "sha256_tokenizer",
               kDataDigest[] = "sha256_tensors", kSpeakersDigest[] = "sha256_speakers";

absl::Status InFile(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

// What a model directory consists of, as bytes.
struct Files {
  std::string config, tokenizer;
  std::optional<std::string> speakers;  // of a Speaker model
  std::unique_ptr<SafetensorsFile> weights;
};

absl::Status CheckDigest(const SafetensorsFile& weights, const char* key, std::string_view bytes, const char* what) {
  const auto expected = weights.metadata().find(key);
  if (expected == weights.metadata().end() || expected->second == Sha256Hex({bytes})) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("its checksum of ", what, " does not match: a file of this model is damaged or of another one"));
}

absl::Status CheckDigests(const Files& files) {
  struct Digest {
    const char* key;
    std::string_view bytes;
    const char* what;
  };
  std::vector<Digest> digests = {{kDataDigest, files.weights->data(), "the tensors"},
                                 {kConfigDigest, files.config, kConfigFile},
                                 {kTokenizerDigest, files.tokenizer, kTokenizerFile}};
  if (files.speakers) digests.push_back({kSpeakersDigest, *files.speakers, kSpeakersFile});
  // All or none: a damaged name must not turn its check off.
  size_t present = 0;
  for (const Digest& digest : digests) present += files.weights->metadata().contains(digest.key);
  if (present != 0 && present != digests.size())
    return absl::InvalidArgumentError(
        absl::StrCat("has ", present, " of the ", digests.size(), " checksums that it should have"));
  for (const Digest& digest : digests) {
    if (absl::Status s = CheckDigest(*files.weights, digest.key, digest.bytes, digest.what); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::StatusOr<Speakers> ReadSpeakers(const std::string& path, const ModelConfig& config, Files& files) {
  auto bytes = ReadFile(path, kMaxSpeakersBytes);
  if (!bytes.ok()) return InFile(path, bytes.status());
  files.speakers = *std::move(bytes);
  auto speakers = Speakers::Parse(*files.speakers, config.speakers);
  return speakers.ok() ? std::move(speakers) : InFile(path, speakers.status());
}

}  // namespace

absl::StatusOr<std::unique_ptr<DhapModel>> DhapModel::LoadUnguarded(const std::string& folder) {
  const std::string config_path = folder + "/" + kConfigFile, tokenizer_path = folder + "/" + kTokenizerFile;
  const std::string weights_path = folder + "/" + kWeightsFile;
  Files files;
  auto config_bytes = ReadFile(config_path, kMaxConfigBytes);
  if (!config_bytes.ok()) return InFile(config_path, config_bytes.status());
  files.config = *std::move(config_bytes);
  const auto config = ParseModelConfig(files.config);
  if (!config.ok()) return InFile(config_path, config.status());
  auto tokenizer_bytes = ReadFile(tokenizer_path, kMaxTokenizerBytes);
  if (!tokenizer_bytes.ok()) return InFile(tokenizer_path, tokenizer_bytes.status());
  files.tokenizer = *std::move(tokenizer_bytes);
  auto weights = SafetensorsFile::Open(weights_path);
  if (!weights.ok()) return InFile(weights_path, weights.status());
  files.weights = *std::move(weights);
  Speakers speakers;
  if (config->speaker) {
    auto read = ReadSpeakers(folder + "/" + kSpeakersFile, *config, files);
    if (!read.ok()) return read.status();
    speakers = *std::move(read);
  }
  if (absl::Status s = CheckDigests(files); !s.ok()) return InFile(weights_path, s);
  auto tokenizer = Tokenizer::FromBytes(files.tokenizer);
  if (!tokenizer.ok()) return InFile(tokenizer_path, tokenizer.status());
  if ((*tokenizer)->size() != config->vocab_size) {
    return InFile(tokenizer_path, absl::InvalidArgumentError(absl::StrCat(
                                      "has ", (*tokenizer)->size(), " pieces; expected the config's vocab_size of ",
                                      config->vocab_size)));
  }
  auto parameters = Parameters::FromFile(*config, *files.weights);
  if (!parameters.ok()) return InFile(weights_path, parameters.status());
  auto model = std::make_unique<DhapModel>(*config, *std::move(parameters), *std::move(tokenizer), std::move(speakers));
  model->content_hash_ = Sha256Hex({files.config, files.tokenizer, files.weights->data(), files.speakers.value_or("")});
  return model;
}

absl::StatusOr<std::unique_ptr<DhapModel>> DhapModel::Load(const std::string& directory) {
  try {
    return LoadUnguarded(directory);
  } catch (const std::exception& e) {  // ATen throws; beyond this border nothing does
    return absl::InternalError(absl::StrCat(directory, ": the model can't be built: ", e.what()));
  }
}

absl::Status DhapModel::Save(const std::string& directory, TensorType type, const std::string& tokenizer_bytes) const {
  const std::string config_json = ToJson(config_);
  if (absl::Status s = WriteFileAtomically(directory + "/" + kTokenizerFile, {tokenizer_bytes}); !s.ok()) return s;
  if (absl::Status s = WriteFileAtomically(directory + "/" + kConfigFile, {config_json}); !s.ok()) return s;
  std::map<std::string, std::string> digests = {{kConfigDigest, Sha256Hex({config_json})},
                                                {kTokenizerDigest, Sha256Hex({tokenizer_bytes})}};
  if (config_.speaker) {
    const std::string text = speakers_.ToText();
    if (absl::Status s = WriteFileAtomically(directory + "/" + kSpeakersFile, {text}); !s.ok()) return s;
    digests[kSpeakersDigest] = Sha256Hex({text});
  }
  return parameters_.WriteTo(directory + "/" + kWeightsFile, type, std::move(digests));
}

CopyDecoder::TargetScores DhapModel::Score(const ProfileBatch& profile,
                                           const std::vector<std::vector<int32_t>>& post_ids,
                                           const TokenBatch& responses, const Dropout& dropout) const {
  const auto rows = static_cast<int64_t>(post_ids.size()), users = profile.batch_size();
  const at::Tensor general = rows == users ? profile.general : profile.general.repeat_interleave(rows / users, 0);
  return decoder.Score(posts(post_ids, general, dropout), profile, responses.To(device()), dropout);
}

DhapModel::DhapModel(const ModelConfig& config, Parameters parameters, std::shared_ptr<const Tokenizer> tokenizer,
                     Speakers speakers)
    : profiles(config, parameters),
      posts(config, parameters),
      decoder(config, parameters),
      config_(config),
      parameters_(std::move(parameters)),
      texts_(config, std::move(tokenizer)),
      speakers_(std::move(speakers)) {}

std::unique_ptr<DhapModel> DhapModel::WithOwnGradients() const {
  return std::make_unique<DhapModel>(config_, parameters_.WithOwnGradients(), texts_.shared_tokenizer(), speakers_);
}

}  // namespace idiolect
