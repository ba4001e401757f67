#include "train/adamw.h"

#include <c10/core/GradMode.h>

#include <cmath>

#include "absl/strings/match.h"

namespace idiolect {
namespace {

constexpr double kBeta1 = 0.9, kBeta2 = 0.98, kEpsilon = 1e-8;

bool Decays(const std::string& name, const at::Tensor& p) {
  return p.dim() == 2 && !absl::StrContains(name, "embedding");
}

}  // namespace

AdamW::AdamW(const Parameters& parameters, double weight_decay)
    : parameters_(parameters.tensors()), weight_decay_(weight_decay) {
  for (auto& [name, p] : parameters_) {
    p.set_requires_grad(true);
    first_[name] = at::zeros_like(p);
    second_[name] = at::zeros_like(p);
  }
}

void AdamW::ZeroGradients() {
  for (auto& [name, p] : parameters_) p.mutable_grad() = at::Tensor();
}

double AdamW::ClipGradients(double limit) {
  std::vector<at::Tensor> squares;  // fetched at once: each fetch from a GPU waits for it
  for (auto& [name, p] : parameters_) {
    if (p.grad().defined()) squares.push_back(at::dot(p.grad().view({-1}), p.grad().view({-1})));
  }
  const double norm = squares.empty() ? 0 : std::sqrt(at::stack(squares).to(at::kDouble).sum().item<double>());
  if (norm > limit) {
    for (auto& [name, p] : parameters_) {
      if (p.grad().defined()) p.mutable_grad().mul_(limit / norm);
    }
  }
  return norm;
}

void AdamW::Update(double learning_rate, int64_t step) {
  const c10::NoGradGuard no_grad;
  const double correction1 = 1 - std::pow(kBeta1, static_cast<double>(step)),
               correction2 = 1 - std::pow(kBeta2, static_cast<double>(step));
  // As lists: a GPU then gets a few large pieces of work instead of hundreds of small ones.
  std::vector<at::Tensor> p, decaying, gradients, m, v;
  for (auto& [name, parameter] : parameters_) {
    if (!parameter.grad().defined()) continue;
    p.push_back(parameter);
    gradients.push_back(parameter.grad());
    m.push_back(first_[name]);
    v.push_back(second_[name]);
    if (Decays(name, parameter)) decaying.push_back(parameter);
  }
  at::_foreach_mul_(m, kBeta1);
  at::_foreach_add_(m, gradients, 1 - kBeta1);
  at::_foreach_mul_(v, kBeta2);
  at::_foreach_addcmul_(v, gradients, gradients, 1 - kBeta2);
  at::_foreach_mul_(decaying, 1 - learning_rate * weight_decay_);
  std::vector<at::Tensor> deviations = at::_foreach_sqrt(v);
  at::_foreach_div_(deviations, std::sqrt(correction2));
  at::_foreach_add_(deviations, kEpsilon);
  at::_foreach_addcdiv_(p, m, deviations, -learning_rate / correction1);
}

}  // namespace idiolect
