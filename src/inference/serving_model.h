// A model directory in the form that serves: weights packed for oneDNN in one precision, computations over rows of many
// requests. float32 agrees with DhapModel (model/) within 1e-4 in log-probability; what bf16 and int8 lose is measured
// in docs/performance.md.
//
// Exactness, at every precision: what a request gets does not depend on the requests that are computed with it, nor on
// whether a profile was built alone, with others or after an earlier one.
//
// Thread-safe for reading, each thread with a Scratch of its own.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "inference/serving_decoder.h"
#include "inference/serving_post_encoder.h"
#include "inference/serving_profile_encoder.h"
#include "inference/word_evidence.h"
#include "model/dhap_model.h"

namespace idiolect {

class ServingModel {
 public:
  // Errors as DhapModel::Load's; kInvalidArgument for a Speaker model, which answers to no history; kUnimplemented
  // where this processor can't compute with the precision.
  static absl::StatusOr<std::unique_ptr<ServingModel>> Load(const std::string& directory, Precision precision);
  // The caller keeps `model` no longer than it likes. A Speaker model is taken: for evaluation.
  static absl::StatusOr<std::unique_ptr<ServingModel>> Pack(const DhapModel& model, Precision precision);

  const ModelConfig& config() const { return config_; }
  const ExchangeTokenizer& texts() const { return texts_; }
  const Speakers& speakers() const { return speakers_; }  // of a Speaker model; else empty
  const std::string& content_hash() const { return content_hash_; }
  int64_t parameter_count() const { return parameter_count_; }
  Precision precision() const { return precision_; }

  const ServingProfileEncoder profiles;
  const ServingPostEncoder posts;
  const ServingDecoder decoder;
  const WordEvidence word_evidence;

 private:
  ServingModel(const DhapModel& model, Precision precision);

  const ModelConfig config_;
  const ExchangeTokenizer texts_;
  const Speakers speakers_;
  const std::string content_hash_;
  const int64_t parameter_count_;
  const Precision precision_;
};

}  // namespace idiolect
