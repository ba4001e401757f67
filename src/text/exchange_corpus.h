// Files of exchanges as training and evaluation read them: whole, and strict about splits.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "text/exchange_reader.h"

namespace idiolect {

// Every exchange of the files, in their order. The first line that is none ends it: errors are those of ExchangeReader,
// and kInvalidArgument, "FILE:LINE: …", for a split other than train, valid and test, since a misspelt "test" would be
// trained on.
absl::Status ForEachExchange(const std::vector<std::string>& files, const std::function<void(RawExchange&&)>& visit);

}  // namespace idiolect
