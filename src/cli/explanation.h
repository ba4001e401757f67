// Where the words of a reply came from, for people: which of its pieces the model copied, and out of which exchanges.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/console.h"
#include "idiolect/v1/dialogue.pb.h"
#include "idiolect/v1/history.pb.h"

namespace idiolect {

// Neighbouring tokens of one origin.
struct ReplySegment {
  std::string text;
  int source = -1;  // index into ReplyOrigin::sources; -1: not copied, or from nowhere in particular
};

// An exchange that the reply drew from.
struct ReplySource {
  int64_t exchange_id = 0;
  double copied_tokens = 0;  // how many of the reply's tokens came from it, by the model's probabilities
};

struct ReplyOrigin {
  std::vector<ReplySegment> segments;
  std::vector<ReplySource> sources;  // most copied first
  double copied_tokens = 0;          // from all exchanges together
  int token_count = 0;
};

// A token counts as copied when that is likelier than not, and its source is the exchange that carried the most.
// `sources` holds those that a segment names, and others that carried at least a tenth of a token.
ReplyOrigin TraceOrigin(const v1::ReplyCandidate& candidate);

using ExchangesById = std::map<int64_t, v1::Exchange>;

// The reply with its copied words marked [1], [2] …, and the exchanges that the numbers stand for. An exchange that is
// missing from `exchanges` was deleted since.
std::string RenderOrigin(const ReplyOrigin& origin, const ExchangesById& exchanges, const Paint& paint, int width);

}  // namespace idiolect
