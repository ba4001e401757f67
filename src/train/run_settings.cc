#include "train/run_settings.h"

#include <cstring>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "model/file_io.h"

namespace idiolect {
namespace {

using Json = nlohmann::ordered_json;

// Enough to tell two apart, and short enough for a message.
constexpr size_t kDigestDigits = 16;

void Append(std::string& bytes, int64_t number) { bytes.append(reinterpret_cast<const char*>(&number), sizeof number); }

void Append(std::string& bytes, const std::vector<int32_t>& ids) {
  Append(bytes, static_cast<int64_t>(ids.size()));
  bytes.append(reinterpret_cast<const char*>(ids.data()), ids.size() * sizeof ids[0]);
}

// Users have no part in it where they differ by name alone: an older prepared corpus has no hashes of names.
std::string CorpusDigest(const Corpus& corpus) {
  std::string digest;
  for (const UserCorpus& user : corpus.users) {
    std::string bytes = user.source;
    Append(bytes, static_cast<int64_t>(user.train_end));
    Append(bytes, static_cast<int64_t>(user.valid_end));
    for (const TokenPair& pair : user.pairs) {
      Append(bytes, pair.post);
      Append(bytes, pair.response);
    }
    digest = Sha256Hex({digest, bytes});
  }
  return digest.substr(0, kDigestDigits);
}

}  // namespace

std::string RunSettings(const TrainOptions& o, const Corpus& corpus, std::string_view tokenizer_bytes,
                        const std::string& start_hash) {
  Json settings = Json::parse(ToJson(o.model));
  settings.update({{"seed", o.seed},
                   {"learning_rate", o.learning_rate},
                   {"warmup_steps", o.warmup_steps},
                   {"weight_decay", o.weight_decay},
                   {"clip_norm", o.clip_norm},
                   {"dropout", o.dropout},
                   {"groups", o.groups},
                   {"targets", o.targets},
                   {"accumulate", o.accumulate},
                   {"history_contrast", o.history_contrast},
                   {"post_contrast", o.post_contrast},
                   {"joint_contrast", o.joint_contrast},
                   {"reply_contrast", o.reply_contrast},
                   {"contrast_targets", o.contrast_targets},
                   {"contrast_windows", o.contrast_windows},
                   {"no_history_rate", o.no_history_rate},
                   {"short_history_rate", o.short_history_rate},
                   {"no_post_rate", o.no_post_rate},
                   {"user_sampling_power", o.user_sampling_power},
                   {"sha256_init_from", start_hash.substr(0, kDigestDigits)},
                   {"sha256_tokenizer", Sha256Hex({tokenizer_bytes}).substr(0, kDigestDigits)},
                   {"sha256_exchanges", CorpusDigest(corpus)}});
  return settings.dump();
}

absl::Status CheckSameSettings(const std::string& earlier, const std::string& now) {
  const Json before = Json::parse(earlier, nullptr, /*allow_exceptions=*/false), expected = Json::parse(now);
  if (!before.is_object()) return absl::InvalidArgumentError("its metadata's settings are no JSON object");
  for (const auto& [name, value] : expected.items()) {
    if (before.contains(name) && before[name] == value) continue;
    return absl::FailedPreconditionError(absl::StrCat("is of a run with ", name, " ",
                                                      before.contains(name) ? before[name].dump() : "unset",
                                                      ", and this one has ", value.dump(), kAnew));
  }
  return absl::OkStatus();
}

}  // namespace idiolect
