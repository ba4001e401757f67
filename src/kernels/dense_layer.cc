#include "kernels/dense_layer.h"

#include "kernels/blocked_kernel.h"
#include "kernels/vnni_kernel.h"

namespace idiolect {
namespace {

std::unique_ptr<const DenseKernel> PackWeights(const DenseWeights& weights, Precision precision) {
  if (precision == Precision::kInt8 && VnniKernel::IsBest()) return std::make_unique<VnniKernel>(weights);
  return std::make_unique<BlockedKernel>(weights, precision);
}

}  // namespace

DenseLayer::DenseLayer(const float* weight, const float* bias, int outputs, int inputs, Precision precision)
    : inputs_(inputs), outputs_(outputs), kernel_(PackWeights({weight, bias, outputs, inputs}, precision)) {}

}  // namespace idiolect
