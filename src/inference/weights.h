// From the model's parameters to the forms that serving takes them in.
#pragma once

#include <string>
#include <vector>

#include "kernels/dense_layer.h"
#include "model/parameters.h"

namespace idiolect {

// The layer NAME.weight [out, in], NAME.bias [out].
DenseLayer PackLayer(const Parameters& parameters, const std::string& name, Precision precision);

// Several layers that read the same input, one below the other: one product instead of many. Names of weights and
// biases apart, since a GRU's are called otherwise.
struct LayerNames {
  std::string weight, bias;
};
DenseLayer PackLayers(const Parameters& parameters, const std::vector<LayerNames>& names, Precision precision);

// A parameter's numbers, row-major.
std::vector<float> Copy(const Parameters& parameters, const std::string& name);

struct NormWeights {
  NormWeights(const Parameters& parameters, const std::string& name);
  std::vector<float> weight, bias;  // [d]
};

}  // namespace idiolect
