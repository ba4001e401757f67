#include "model/parameters.h"

#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "model/file_io.h"

namespace idiolect {
namespace {

// Collects shapes under the names that PyTorch's modules would give them.
class ShapeList {
 public:
  explicit ShapeList(int64_t d) : d_(d) {}
  void Linear(const std::string& name, int64_t out, int64_t in) {
    shapes[name + ".weight"] = {out, in};
    shapes[name + ".bias"] = {out};
  }
  void Norm(const std::string& name) {
    shapes[name + ".weight"] = {d_};
    shapes[name + ".bias"] = {d_};
  }
  void Gru(const std::string& name, int64_t hidden) {
    shapes[name + ".weight_ih"] = {3 * hidden, d_};
    shapes[name + ".weight_hh"] = {3 * hidden, hidden};
    shapes[name + ".bias_ih"] = {3 * hidden};
    shapes[name + ".bias_hh"] = {3 * hidden};
  }
  void Encoder(const std::string& name, int layers, int64_t feed_forward) {
    for (int i = 0; i < layers; ++i) {
      const std::string layer = absl::StrCat(name, ".layers.", i, ".");
      Norm(layer + "norm1");
      Norm(layer + "norm2");
      for (const char* part : {"query", "key", "value", "output"}) Linear(layer + "attention." + part, d_, d_);
      Linear(layer + "feed_forward.up", feed_forward, d_);
      Linear(layer + "feed_forward.down", d_, feed_forward);
    }
    Norm(name + ".norm");
  }

  std::map<std::string, Shape> shapes;

 private:
  int64_t d_;
};

absl::Status Fault(const std::string& name, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("tensor \"", name, "\": ", what));
}

std::string ShapeText(const Shape& shape) { return absl::StrCat("[", absl::StrJoin(shape, ", "), "]"); }

absl::Status CheckNames(const std::map<std::string, Shape>& expected, const SafetensorsFile& file) {
  for (const auto& [name, shape] : expected) {
    const auto found = file.tensors().find(name);
    if (found == file.tensors().end()) return Fault(name, "missing");
    if (found->second.shape != shape) {
      return Fault(name, absl::StrCat("shape ", ShapeText(found->second.shape), "; expected ", ShapeText(shape)));
    }
  }
  for (const auto& [name, tensor] : file.tensors()) {
    if (!expected.contains(name)) return Fault(name, "not a tensor of this model");
  }
  return absl::OkStatus();
}

at::Tensor CopyOf(const TensorView& view) {
  const auto type = view.type == TensorType::kFloat32 ? at::kFloat : at::kHalf;
  // The file's bytes may lie at any address; from here on they are aligned and owned.
  at::Tensor tensor = at::empty(view.shape, at::TensorOptions().dtype(type));
  std::memcpy(tensor.data_ptr(), view.bytes.data(), view.bytes.size());
  return tensor.to(at::kFloat);
}

// Pre-norm Transformers and GRUs both start well from a deviation of 1/√fan_in; embeddings are tied to the output,
// whose logits should start near zero, so theirs is smaller. A GRU reads embeddings as they are, without a norm: its
// input weights are larger for it, or its states would hardly tell one word from another.
double Deviation(const std::string& name, const Shape& shape) {
  if (absl::StrContains(name, "embedding")) return 0.05;
  return (absl::EndsWith(name, ".weight_ih") ? 5.0 : 1.0) / std::sqrt(static_cast<double>(shape[1]));
}

// The gate starts out preferring to generate: bias (1, -1, -1).
at::Tensor Draw(const std::string& name, const Shape& shape, at::Generator& generator) {
  if (absl::StrContains(name, "norm") && absl::EndsWith(name, ".weight")) return at::ones(shape);
  if (shape.size() == 1) return at::zeros(shape);
  return at::randn(shape, generator) * Deviation(name, shape);
}

}  // namespace

std::map<std::string, Shape> ParameterShapes(const ModelConfig& c) {
  const int64_t d = c.d_model, H = c.hidden_size, h = c.hidden_size / 2;
  ShapeList list(d);
  list.shapes["token_embedding.weight"] = {c.vocab_size, d};
  list.shapes["position_embedding.weight"] = {c.position_count(), d};
  list.shapes["slot_embedding.weight"] = {c.max_history + 1, d};
  if (c.speaker) list.shapes["speaker_embedding.weight"] = {c.speakers + 1, d};
  list.Encoder("history_encoder", c.history_layers, c.feed_forward_size);
  list.Encoder("memory_encoder", c.memory_layers, c.feed_forward_size);
  for (const char* way : {"forward", "backward"}) {
    list.Gru(absl::StrCat("post_encoder.", way), h);
    list.Linear(absl::StrCat("post_encoder.init_", way), h, d);
  }
  list.Linear("decoder.bridge", H, H + d);
  list.Gru("decoder.gru", H);
  list.Linear("decoder.post_query", H, H);
  list.Linear("decoder.memory_query", d, H);
  list.Linear("decoder.copy_query", d, H);
  list.Linear("decoder.readout", c.readout_size, 2 * H + 2 * d);
  list.Linear("decoder.gate", c.source_count(), 2 * H + 2 * d);
  list.shapes["decoder.output.bias"] = {c.vocab_size};
  if (!c.tie_embeddings) list.shapes["decoder.output.weight"] = {c.vocab_size, c.readout_size};
  return std::move(list.shapes);
}

absl::StatusOr<Parameters> Parameters::FromFile(const ModelConfig& config, const SafetensorsFile& file) {
  if (absl::Status s = CheckNames(ParameterShapes(config), file); !s.ok()) return s;
  Parameters parameters;
  for (const auto& [name, view] : file.tensors()) {
    at::Tensor tensor = CopyOf(view);
    if (!at::isfinite(tensor).all().item<bool>()) return Fault(name, "holds a value that is not finite");
    parameters.tensors_[name] = std::move(tensor);
  }
  return parameters;
}

Parameters Parameters::Random(const ModelConfig& config, uint64_t seed) {
  at::Generator generator = at::detail::createCPUGenerator(seed);
  Parameters parameters;
  for (const auto& [name, shape] : ParameterShapes(config)) parameters.tensors_[name] = Draw(name, shape, generator);
  at::Tensor& gate = parameters.tensors_["decoder.gate.bias"];
  gate.fill_(-1.0);
  gate[0] = 1.0;
  return parameters;
}

Parameters Parameters::To(at::Device device) const {
  Parameters moved;
  for (const auto& [name, tensor] : tensors_) moved.tensors_[name] = tensor.to(device);
  return moved;
}

Parameters Parameters::WithOwnGradients() const {
  Parameters shared;
  for (const auto& [name, tensor] : tensors_) shared.tensors_[name] = tensor.detach().set_requires_grad(true);
  return shared;
}

int64_t Parameters::count() const {
  int64_t count = 0;
  for (const auto& [name, tensor] : tensors_) count += tensor.numel();
  return count;
}

absl::Status Parameters::WriteTo(const std::string& path, TensorType type,
                                 std::map<std::string, std::string> metadata) const {
  const at::ScalarType scalar = type == TensorType::kFloat32 ? at::kFloat : at::kHalf;
  std::map<std::string, at::Tensor> kept;  // owns the bytes that the views point to
  std::map<std::string, TensorView> views;
  for (const auto& [name, tensor] : tensors_) {
    const at::Tensor& raw = kept[name] = tensor.detach().to(at::kCPU, scalar).contiguous();
    views[name] = {type, raw.sizes().vec(), {static_cast<const char*>(raw.data_ptr()), raw.nbytes()}};
  }
  std::vector<std::string_view> data;  // in the file's order
  for (const auto& [name, view] : views) data.push_back(view.bytes);
  metadata["sha256_tensors"] = Sha256Hex(data);
  return WriteSafetensors(path, views, metadata);
}

}  // namespace idiolect
