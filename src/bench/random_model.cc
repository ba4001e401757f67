#include "bench/random_model.h"

#include "absl/strings/str_cat.h"
#include "model/dhap_model.h"
#include "model/file_io.h"
#include "text/synthetic_tokenizer.h"

namespace idiolect {

absl::Status WriteRandomModel(const std::string& config_path, uint64_t seed, const std::string& directory) {
  constexpr size_t kMaxConfigBytes = 64 << 10;
  const auto in_file = [&](const absl::Status& status) {
    return absl::Status(status.code(), absl::StrCat(config_path, ": ", status.message()));
  };
  const auto bytes = ReadFile(config_path, kMaxConfigBytes);
  if (!bytes.ok()) return in_file(bytes.status());
  const auto config = ParseModelConfig(*bytes);
  if (!config.ok()) return in_file(config.status());
  if (config->vocab_size <= kPiecesBeforeWords)
    return in_file(absl::InvalidArgumentError(absl::StrCat("vocab_size: expected more than ", kPiecesBeforeWords)));
  const std::string tokenizer_bytes = SyntheticTokenizer(config->vocab_size);
  auto tokenizer = Tokenizer::FromBytes(tokenizer_bytes);
  if (!tokenizer.ok()) return tokenizer.status();
  return DhapModel(*config, Parameters::Random(*config, seed), *std::move(tokenizer))
      .Save(directory, TensorType::kFloat32, tokenizer_bytes);
}

}  // namespace idiolect
