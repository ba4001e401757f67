#include "train/checkpoint.h"

#include <charconv>
#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "model/safetensors.h"
#include "train/run_settings.h"

namespace idiolect {
namespace {

constexpr char kSettings[] = "settings";
using TensorMap = std::map<std::string, at::Tensor>;

// Every tensor of the run under a name of its own. They are the run's, so copying into them restores it.
TensorMap AllTensors(const Parameters& parameters, AdamW& optimizer) {
  TensorMap all;
  for (const auto& [name, tensor] : parameters.tensors()) all["weight/" + name] = tensor.detach();
  for (const auto& [name, tensor] : optimizer.first_moments()) all["moment1/" + name] = tensor;
  for (const auto& [name, tensor] : optimizer.second_moments()) all["moment2/" + name] = tensor;
  return all;
}

absl::Status Fault(const std::string& path, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", what));
}

bool ReadNumber(const std::map<std::string, std::string>& metadata, const std::string& key, double* value) {
  const auto found = metadata.find(key);
  return found != metadata.end() && absl::SimpleAtod(found->second, value);
}

}  // namespace

absl::Status SaveCheckpoint(const std::string& path, const Parameters& parameters, AdamW& optimizer,
                            const RunState& state, const std::string& settings) {
  std::map<std::string, TensorView> views;
  const TensorMap all = AllTensors(parameters, optimizer);
  TensorMap here;  // owns the bytes where the run's are on a GPU
  for (const auto& [name, tensor] : all) {
    const at::Tensor& copy = here[name] = tensor.to(at::kCPU);
    views[name] = {
        TensorType::kFloat32, copy.sizes().vec(), {static_cast<const char*>(copy.data_ptr()), copy.nbytes()}};
  }
  // To the last digit: a rounded best perplexity would let a resumed run keep another model than an uninterrupted one.
  return WriteSafetensors(path, views,
                          {{"step", absl::StrCat(state.step)},
                           {"best_own", absl::StrFormat("%.17g", state.best_own)},
                           {"seconds", absl::StrFormat("%.17g", state.seconds)},
                           {kSettings, settings}});
}

absl::StatusOr<RunState> LoadCheckpoint(const std::string& path, const Parameters& parameters, AdamW& optimizer,
                                        const std::string& settings) {
  auto file = SafetensorsFile::Open(path);
  if (!file.ok()) return absl::Status(file.status().code(), absl::StrCat(path, ": ", file.status().message()));
  const auto& metadata = (*file)->metadata();
  if (const auto earlier = metadata.find(kSettings); earlier != metadata.end()) {
    const absl::Status same = CheckSameSettings(earlier->second, settings);
    if (!same.ok()) return absl::Status(same.code(), absl::StrCat(path, ": ", same.message()));
  }
  for (auto& [name, tensor] : AllTensors(parameters, optimizer)) {
    const auto found = (*file)->tensors().find(name);
    if (found == (*file)->tensors().end() || found->second.shape != tensor.sizes().vec() ||
        found->second.type != TensorType::kFloat32) {
      return Fault(
          path,
          absl::StrCat("\"", name, "\" is missing or of another shape: the checkpoint is of a model of other sizes"));
    }
    at::Tensor read = at::empty(tensor.sizes(), at::kFloat);
    std::memcpy(read.data_ptr(), found->second.bytes.data(), found->second.bytes.size());
    tensor.copy_(read);
  }
  double step = 0;
  RunState state;
  if (!ReadNumber(metadata, "step", &step) || !ReadNumber(metadata, "best_own", &state.best_own) ||
      !ReadNumber(metadata, "seconds", &state.seconds)) {
    return Fault(path, "its metadata has no step, best_own or seconds");
  }
  if (!(step >= 0 && step <= 1e15)) return Fault(path, "its metadata's step is no count");
  state.step = static_cast<int64_t>(step);
  return state;
}

}  // namespace idiolect
