// Replies on the screen: what `chat` and `ask` share.
#pragma once

#include "absl/status/status.h"
#include "cli/client.h"
#include "cli/console.h"

namespace idiolect {

// The candidates' texts, one a line; numbered, with their log-probabilities, where there are several.
void PrintCandidates(const v1::GenerateReplyResponse& reply, Console& console);

// Where the best candidate's words came from. Fetches the exchanges that it names. The reply must have been made with
// `explain`.
absl::Status PrintOrigin(Client& client, const std::string& user, const v1::GenerateReplyResponse& reply,
                         Console& console);

}  // namespace idiolect
