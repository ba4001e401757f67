// Which user has which row of a Speaker model's embedding (docs/model.md): the file speakers.txt of its directory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"

namespace idiolect {

class Speakers {
 public:
  Speakers() = default;
  // By text/user_hash.h, in the order of their rows, from row 1.
  explicit Speakers(std::vector<uint64_t> hashes);

  // A line a user, 16 hexadecimal digits. kInvalidArgument names the line, or that there are not `count` of them.
  static absl::StatusOr<Speakers> Parse(std::string_view text, int64_t count);
  std::string ToText() const;

  // 0, the row of nobody, for who is not in it.
  int32_t RowOf(std::string_view source, std::string_view user) const;

  const std::vector<uint64_t>& hashes() const { return hashes_; }

 private:
  std::vector<uint64_t> hashes_;
  std::unordered_map<uint64_t, int32_t> rows_;
};

}  // namespace idiolect
