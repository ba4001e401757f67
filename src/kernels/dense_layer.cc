#include "kernels/dense_layer.h"

#include "kernels/blocked_kernel.h"
#include "kernels/float_panel_kernel.h"
#include "kernels/panel_kernel.h"

namespace idiolect {
namespace {

std::unique_ptr<const DenseKernel> PackWeights(const DenseWeights& weights, Precision precision) {
  const Int8Tiles* tiles = PanelKernel::BestTiles();
  if (precision == Precision::kInt8 && tiles != nullptr) return std::make_unique<PanelKernel>(weights, *tiles);
  if (precision != Precision::kInt8 && FloatPanelKernel::IsBest())
    return std::make_unique<FloatPanelKernel>(weights, precision);
  return std::make_unique<BlockedKernel>(weights, precision);
}

}  // namespace

DenseLayer::DenseLayer(const float* weight, const float* bias, int outputs, int inputs, Precision precision)
    : inputs_(inputs), outputs_(outputs), kernel_(PackWeights({weight, bias, outputs, inputs}, precision)) {}

}  // namespace idiolect
