#include "train/prepared_corpus.h"

#include <zlib.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/file_io.h"
#include "text/line_reader.h"
#include "text/tokenizer.h"
#include "text/user_hash.h"
#include "train/tokenizer_bytes.h"

namespace idiolect {
namespace {

using Json = nlohmann::ordered_json;
constexpr int kVersion = 1;
constexpr char kTokenizerDigest[] = "sha256_tokenizer";

std::string ExchangesPath(const std::string& folder) { return folder + "/exchanges.jsonl.gz"; }

// Writes PATH.part, which becomes the path when it is complete: the path never holds half a corpus.
class LineWriter {
 public:
  explicit LineWriter(const std::string& path)
      : path_(path), part_(path + ".part"), file_(gzopen(part_.c_str(), "wb6")) {}
  ~LineWriter() {
    if (file_ != nullptr) gzclose(file_);
    std::error_code error;
    std::filesystem::remove(part_, error);
  }
  void Write(const Json& line) {
    const std::string text = line.dump() + "\n";
    good_ = good_ && file_ != nullptr &&
            gzwrite(file_, text.data(), static_cast<unsigned>(text.size())) == static_cast<int>(text.size());
  }
  // All is in PATH.part.
  absl::Status Complete() {
    if (file_ != nullptr) good_ = gzclose(std::exchange(file_, nullptr)) == Z_OK && good_;
    return Written(good_);
  }
  absl::Status Install() const {
    std::error_code error;
    std::filesystem::rename(part_, path_, error);
    return Written(!error);
  }

 private:
  absl::Status Written(bool good) const {
    return good ? absl::OkStatus() : absl::UnavailableError(absl::StrCat(path_, ": cannot be written"));
  }

  const std::string path_, part_;
  gzFile_s* file_;
  bool good_ = true;
};

Json Header(const ModelConfig& c) {
  return {{"prepared_version", kVersion},
          {"vocab_size", c.vocab_size},
          {"max_post_tokens", c.max_post_tokens},
          {"max_response_tokens", c.max_response_tokens}};
}

// Reads line after line into a corpus.
class Loader {
 public:
  Loader(std::string path, const ModelConfig& config, std::string tokenizer_digest)
      : path_(std::move(path)), config_(config), tokenizer_digest_(std::move(tokenizer_digest)) {}

  absl::StatusOr<Corpus> Load() {
    auto reader = LineReader::Open(path_);
    if (!reader.ok()) return reader.status();
    std::string line;
    while (true) {
      const auto more = (*reader)->Next(line);
      if (!more.ok()) return more.status();
      if (!*more) break;
      const absl::Status taken = (*reader)->line_number() == 1 ? TakeHeader(line) : TakeExchange(line);
      if (!taken.ok())
        return absl::InvalidArgumentError(absl::StrCat(path_, ":", (*reader)->line_number(), ": ", taken.message()));
    }
    for (const UserCorpus& user : corpus_.users) {
      corpus_.train_pairs += static_cast<int64_t>(user.train_end);
      corpus_.valid_pairs += static_cast<int64_t>(user.valid_end - user.train_end);
      if (user.train_end == 0)
        return absl::InvalidArgumentError(absl::StrCat(path_, ": a user has no exchange to train on"));
    }
    if (corpus_.users.empty()) return absl::InvalidArgumentError(absl::StrCat(path_, ": holds no exchange"));
    return std::move(corpus_);
  }

 private:
  static absl::Status Fault(std::string_view what) {
    return absl::InvalidArgumentError(absl::string_view(what.data(), what.size()));
  }

  absl::Status TakeHeader(const std::string& line) const {
    const Json header = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    const Json expected = Header(config_);
    if (!header.is_object()) return Fault("is not the first line of a prepared corpus");
    for (const auto& [key, value] : expected.items()) {
      if (!header.contains(key) || header[key] != value)
        return Fault(absl::StrCat("\"", key, "\": expected ", value.dump(), ", as the model's settings have it"));
    }
    // A folder that was prepared before the digest was written has none.
    if (!header.contains(kTokenizerDigest) || header[kTokenizerDigest] == tokenizer_digest_) return absl::OkStatus();
    return Fault(absl::StrCat("\"", kTokenizerDigest,
                              "\": the ids are of another tokenizer than the tokenizer.model beside them; run "
                              "`idiolect prepare` again"));
  }

  absl::Status TakeExchange(const std::string& line) {
    const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) return Fault("is no JSON object");
    TokenPair pair;
    if (absl::Status s = TakeIds(json, "post", config_.max_post_tokens, pair.post); !s.ok()) return s;
    if (absl::Status s = TakeIds(json, "response", config_.max_response_tokens, pair.response); !s.ok()) return s;
    if (!HasCount(json, "words")) return Fault("\"words\": expected a count");
    if (!HasCount(json, "user")) return Fault("\"user\": expected a number from 0");
    if (!json.contains("source") || !json["source"].is_string()) return Fault("\"source\": expected a string");
    pair.words = json["words"].get<int>();
    const bool valid = json.contains("valid");
    const int64_t user = json["user"].get<int64_t>();
    if (user == static_cast<int64_t>(corpus_.users.size())) {
      if (absl::Status s = AddUser(json); !s.ok()) return s;
    }
    if (user + 1 != static_cast<int64_t>(corpus_.users.size())) return Fault("\"user\": users must come in order");
    UserCorpus& corpus = corpus_.users.back();
    if (json["source"] != corpus.source) return Fault("\"source\": is another than in this user's line before");
    if (!valid && corpus.train_end != corpus.pairs.size()) return Fault("trains after one of the user that validates");
    corpus.pairs.push_back(std::move(pair));
    corpus.train_end += valid ? 0 : 1;
    corpus.valid_end = corpus.pairs.size();
    return InOrder();
  }

  absl::Status AddUser(const Json& json) {
    UserCorpus user{json["source"], {}, 0, 0};
    if (json.contains("name")) {
      if (json["name"].is_string()) user.hash = ParseUserHash(json["name"].get<std::string>());
      if (!user.hash) return Fault("\"name\": expected 16 hexadecimal digits, 0 to 9 and a to f");
    }
    corpus_.Add(std::move(user));
    return absl::OkStatus();
  }

  // The batcher finds a source's users by bisection.
  absl::Status InOrder() const {
    const size_t n = corpus_.users.size();
    return n < 2 || corpus_.users[n - 2].source <= corpus_.users[n - 1].source
               ? absl::OkStatus()
               : Fault("\"source\": users must be sorted by it");
  }

  static bool HasCount(const Json& json, const char* key) {
    return json.contains(key) && json[key].is_number_unsigned() && json[key].get<uint64_t>() < (uint64_t{1} << 31);
  }

  absl::Status TakeIds(const Json& json, const char* key, int most, std::vector<int32_t>& ids) const {
    const auto fault = [&] {
      return Fault(absl::StrCat("\"", key, "\": expected 1 to ", most, " token ids below ", config_.vocab_size,
                                " that end with ", kEos));
    };
    if (!json.contains(key) || !json[key].is_array()) return fault();
    for (const Json& id : json[key]) {
      if (!id.is_number_unsigned() || id.get<uint64_t>() >= static_cast<uint64_t>(config_.vocab_size)) return fault();
      ids.push_back(id.get<int32_t>());
    }
    return ids.empty() || static_cast<int>(ids.size()) > most || ids.back() != kEos ? fault() : absl::OkStatus();
  }

  const std::string path_;
  const ModelConfig& config_;
  const std::string tokenizer_digest_;
  Corpus corpus_;
};

}  // namespace

std::string PreparedTokenizerPath(const std::string& folder) { return folder + "/tokenizer.model"; }

absl::Status WritePreparedCorpus(const Corpus& corpus, const ModelConfig& config, const std::string& tokenizer_bytes,
                                 const std::string& folder) {
  LineWriter out(ExchangesPath(folder));
  Json header = Header(config);
  header[kTokenizerDigest] = Sha256Hex({tokenizer_bytes});
  out.Write(header);
  for (size_t user = 0; user < corpus.users.size(); ++user) {
    const UserCorpus& u = corpus.users[user];
    for (size_t i = 0; i < u.pairs.size(); ++i) {
      const TokenPair& pair = u.pairs[i];
      Json line = {{"user", user}, {"source", u.source}};
      if (i == 0 && u.hash) line["name"] = UserHashText(*u.hash);
      if (i >= u.train_end) line["valid"] = true;
      line["post"] = pair.post;
      line["response"] = pair.response;
      line["words"] = pair.words;
      out.Write(line);
    }
  }
  if (absl::Status s = out.Complete(); !s.ok()) return s;
  if (absl::Status s = WriteFileAtomically(PreparedTokenizerPath(folder), {tokenizer_bytes}); !s.ok()) return s;
  return out.Install();
}

absl::StatusOr<Corpus> LoadPreparedCorpus(const std::string& folder, const ModelConfig& config) {
  const auto tokenizer = ReadTokenizerBytes(PreparedTokenizerPath(folder));
  if (!tokenizer.ok()) return tokenizer.status();
  return Loader(ExchangesPath(folder), config, Sha256Hex({*tokenizer})).Load();
}

}  // namespace idiolect
