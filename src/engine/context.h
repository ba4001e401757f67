// What a job computes with: the profile of a user and the post as that user reads it, both encoded before the job's
// first step. Several tasks of a job share a context.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "idiolect/exchange.h"
#include "inference/serving_model.h"

namespace idiolect {

struct Context {
  explicit Context(const History* history, const std::string* post = nullptr) : history(history), post(post) {}

  const History* history;   // the user's; null for nobody's profile
  const std::string* post;  // null where only the profile is wanted
  std::shared_ptr<const CompactProfile> profile;
  std::shared_ptr<const EncodedPost> encoded_post;
};

}  // namespace idiolect
