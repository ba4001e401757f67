// The model of one directory, whole: configuration, weights, tokenizer and the parts that compute. One definition for
// training and serving. ATen's exceptions stay inside: whoever calls the parts with sound shapes sees none.
//
//   auto model = DhapModel::Load("models/idiolect-small");
//   ProfileBatch profile = (*model)->profiles({(*model)->Tokenize(history)}, {});
//   auto scores = (*model)->Score(profile, {post_ids}, {response_ids}, {});
//
// Thread-safe for reading; computations from several threads at once are allowed but share ATen's threads.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "idiolect/exchange.h"
#include "model/config.h"
#include "model/copy_decoder.h"
#include "model/exchange_tokenizer.h"
#include "model/parameters.h"
#include "model/post_encoder.h"
#include "model/profile_encoder.h"
#include "model/speakers.h"

namespace idiolect {

class DhapModel {
 public:
  // Reads config.json, tokenizer.model, model.safetensors and a Speaker model's speakers.txt. Nothing in them is
  // trusted: errors are kNotFound or kInvalidArgument and name the file and the fault. Where the weights carry the
  // digests of their folder (files that we wrote do), a changed bit anywhere is found.
  static absl::StatusOr<std::unique_ptr<DhapModel>> Load(const std::string& directory);

  DhapModel(const ModelConfig& config, Parameters parameters, std::shared_ptr<const Tokenizer> tokenizer,
            Speakers speakers = {});

  // Writes the directory's files; weights as float32 or float16, with the digests of all.
  absl::Status Save(const std::string& directory, TensorType type, const std::string& tokenizer_bytes) const;

  // The newest max_history pairs, in token ids.
  HistoryTokens Tokenize(const std::vector<Exchange>& history) const { return texts_.Tokenize(history); }
  std::vector<int32_t> PostIds(std::string_view post) const { return texts_.PostIds(post); }
  std::vector<int32_t> ResponseIds(std::string_view text) const { return texts_.ResponseIds(text); }

  // Log-probabilities of responses to posts, one of each a row; the profiles' number divides the posts', and theirs the
  // responses' (see copy_decoder.h).
  CopyDecoder::TargetScores Score(const ProfileBatch& profile, const std::vector<std::vector<int32_t>>& posts,
                                  const TokenBatch& responses, const Dropout& dropout) const;

  // A model on the same weights, which change with this one's, whose gradients are its own.
  std::unique_ptr<DhapModel> WithOwnGradients() const;

  const ModelConfig& config() const { return config_; }
  const ExchangeTokenizer& texts() const { return texts_; }
  const Tokenizer& tokenizer() const { return texts_.tokenizer(); }
  const Parameters& parameters() const { return parameters_; }
  const Speakers& speakers() const { return speakers_; }  // of a Speaker model; else empty
  at::Device device() const { return parameters_.at("token_embedding.weight").device(); }
  const std::string& content_hash() const { return content_hash_; }  // empty for a model that was not loaded

  ProfileEncoder profiles;
  PostEncoder posts;
  CopyDecoder decoder;

 private:
  static absl::StatusOr<std::unique_ptr<DhapModel>> LoadUnguarded(const std::string& directory);

  ModelConfig config_;
  Parameters parameters_;
  ExchangeTokenizer texts_;
  Speakers speakers_;
  std::string content_hash_;
};

}  // namespace idiolect
