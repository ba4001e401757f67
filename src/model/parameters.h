// The model's tensors by name: which there are, how they come from a file and go into one, how a fresh model draws
// them.
#pragma once

#include <ATen/ATen.h>

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "model/config.h"
#include "model/safetensors.h"

namespace idiolect {

using Shape = std::vector<int64_t>;

// Every tensor that a model with this configuration has, and no others.
std::map<std::string, Shape> ParameterShapes(const ModelConfig& config);

// float32 tensors, named as in the file. Copies share the tensors.
class Parameters {
 public:
  // Copies the file's tensors. kInvalidArgument names the tensor that is missing, unknown, of another shape or not
  // finite.
  static absl::StatusOr<Parameters> FromFile(const ModelConfig& config, const SafetensorsFile& file);
  // Random weights for training, reproducible by seed; the source says which deviations and why.
  static Parameters Random(const ModelConfig& config, uint64_t seed);

  const at::Tensor& at(const std::string& name) const { return tensors_.at(name); }
  const std::map<std::string, at::Tensor>& tensors() const { return tensors_; }
  int64_t count() const;                   // of numbers
  Parameters To(at::Device device) const;  // shares what is there already
  // The same numbers, of the same memory, as leaves of autograd that gather gradients of their own.
  Parameters WithOwnGradients() const;

  // Writes model.safetensors, as float32 or rounded to float16.
  absl::Status WriteTo(const std::string& path, TensorType type, std::map<std::string, std::string> metadata) const;

 private:
  std::map<std::string, at::Tensor> tensors_;
};

}  // namespace idiolect
