// How a user writes, in a handful of numbers. What each means is said in proto/idiolect/v1/profile.proto.
#pragma once

#include "absl/types/span.h"
#include "idiolect/exchange.h"

namespace idiolect {

struct StyleStatistics {
  double mean_words = 0;
  double mean_characters = 0;
  double distinct_words = 0;
  double question_share = 0;
  double exclamation_share = 0;
  double emoji_share = 0;
  double capitalized_share = 0;
};

// Over the responses. All 0 for no exchanges.
StyleStatistics MeasureStyle(absl::Span<const Exchange> exchanges);

}  // namespace idiolect
