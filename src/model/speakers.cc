#include "model/speakers.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "text/user_hash.h"

namespace idiolect {

Speakers::Speakers(std::vector<uint64_t> hashes) : hashes_(std::move(hashes)) {
  for (size_t i = 0; i < hashes_.size(); ++i) rows_.emplace(hashes_[i], static_cast<int32_t>(i) + 1);
}

absl::StatusOr<Speakers> Speakers::Parse(std::string_view text, int64_t count) {
  std::vector<uint64_t> hashes;
  while (!text.empty()) {
    const auto fault = [&](const char* what) {
      return absl::InvalidArgumentError(absl::StrCat("line ", hashes.size() + 1, ": ", what));
    };
    if (static_cast<int64_t>(hashes.size()) == count) return fault("more lines than the config's speakers");
    const size_t end = text.find('\n');
    const std::optional<uint64_t> hash = ParseUserHash(text.substr(0, end));
    if (!hash || end == text.npos) return fault("expected 16 hexadecimal digits, 0 to 9 and a to f");
    hashes.push_back(*hash);
    text.remove_prefix(end + 1);
  }
  if (static_cast<int64_t>(hashes.size()) != count)
    return absl::InvalidArgumentError(
        absl::StrCat("has ", hashes.size(), " lines; expected the config's speakers, ", count));
  return Speakers(std::move(hashes));
}

std::string Speakers::ToText() const {
  std::string text;
  for (const uint64_t hash : hashes_) text += UserHashText(hash) + "\n";
  return text;
}

int32_t Speakers::RowOf(std::string_view source, std::string_view user) const {
  const auto found = rows_.find(UserHash(source, user));
  return found == rows_.end() ? 0 : found->second;
}

}  // namespace idiolect
