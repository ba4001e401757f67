// Serving needs no gradients and pays for none: hold one of these in every thread that computes without training.
#pragma once

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

namespace idiolect {

class ServingMode {
 private:
  c10::InferenceMode guard_;
};

}  // namespace idiolect
