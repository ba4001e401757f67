// What is wrong with a request, all of it at once.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace idiolect {

class FieldViolations {
 public:
  // `field` is the path of a field in its proto, "decoding.top_p" or "candidates[3]"; `rule` what it must be. Neither
  // may quote the request.
  void Add(std::string_view field, std::string_view rule);

  bool empty() const { return violations_.empty(); }

  // OK without violations; else kInvalidArgument that carries them as a google.rpc.BadRequest.
  absl::Status ToStatus() const;

 private:
  std::vector<std::pair<std::string, std::string>> violations_;
};

bool HasFieldViolations(const absl::Status& status);

// The violations that the status carries in one line, "user_id: must not be empty; post: …".
std::string DescribeViolations(const absl::Status& status);

}  // namespace idiolect
