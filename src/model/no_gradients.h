// Who only measures needs no gradients and pays for none: hold one of these while computing.
#pragma once

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

namespace idiolect {

class NoGradients {
 private:
  c10::InferenceMode guard_;
};

}  // namespace idiolect
