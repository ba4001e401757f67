#include "text/exchange_corpus.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace idiolect {
namespace {

bool IsSplit(const std::string& split) {
  return split.empty() || split == "train" || split == "valid" || split == "test";
}

}  // namespace

absl::Status ForEachExchange(const std::vector<std::string>& files, const std::function<void(RawExchange&&)>& visit) {
  for (const std::string& file : files) {
    auto reader = ExchangeReader::Open(file);
    if (!reader.ok()) return reader.status();
    while (true) {
      absl::StatusOr<std::optional<RawExchange>> next = (*reader)->Next();
      if (!next.ok()) return next.status();
      if (!next->has_value()) break;
      if (!IsSplit((*next)->split))
        return absl::InvalidArgumentError(
            absl::StrCat(file, ":", (*reader)->line_number(), ": \"split\": expected train, valid or test"));
      visit(**std::move(next));
    }
  }
  return absl::OkStatus();
}

}  // namespace idiolect
