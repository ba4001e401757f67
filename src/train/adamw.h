// AdamW: Loshchilov and Hutter, Decoupled Weight Decay Regularization, ICLR 2019.
#pragma once

#include <map>
#include <string>

#include "model/parameters.h"

namespace idiolect {

class AdamW {
 public:
  // Makes the parameters leaves of autograd. They are shared with, and updated under, the model that uses them.
  AdamW(const Parameters& parameters, double weight_decay);

  void ZeroGradients();
  // Scales all gradients down so that their joint norm is at most `limit`; returns the norm before.
  double ClipGradients(double limit);
  // One update; `step` counts from 1.
  void Update(double learning_rate, int64_t step);

  // The moments by parameter name, to be saved and restored.
  std::map<std::string, at::Tensor>& first_moments() { return first_; }
  std::map<std::string, at::Tensor>& second_moments() { return second_; }

 private:
  std::map<std::string, at::Tensor> parameters_, first_, second_;
  double weight_decay_;
};

}  // namespace idiolect
