#include "inference/weights.h"

namespace idiolect {

std::vector<float> Copy(const Parameters& parameters, const std::string& name) {
  const at::Tensor tensor = parameters.at(name).contiguous();
  return {tensor.data_ptr<float>(), tensor.data_ptr<float>() + tensor.numel()};
}

DenseLayer PackLayers(const Parameters& parameters, const std::vector<LayerNames>& names, Precision precision) {
  std::vector<float> weight, bias;
  for (const LayerNames& name : names) {
    const std::vector<float> rows = Copy(parameters, name.weight), shifts = Copy(parameters, name.bias);
    weight.insert(weight.end(), rows.begin(), rows.end());
    bias.insert(bias.end(), shifts.begin(), shifts.end());
  }
  const auto outputs = static_cast<int>(bias.size());
  return DenseLayer(weight.data(), bias.data(), outputs, static_cast<int>(weight.size() / bias.size()), precision);
}

DenseLayer PackLayer(const Parameters& parameters, const std::string& name, Precision precision) {
  return PackLayers(parameters, {{name + ".weight", name + ".bias"}}, precision);
}

NormWeights::NormWeights(const Parameters& parameters, const std::string& name)
    : weight(Copy(parameters, name + ".weight")), bias(Copy(parameters, name + ".bias")) {}

}  // namespace idiolect
