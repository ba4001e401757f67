// From a validated request for a reply to what `engine` takes: reads the user's history. Blocks for the store.
#pragma once

#include <utility>

#include "absl/status/statusor.h"
#include "serve/backend.h"
#include "serve/convert.h"

namespace idiolect {

// `Proto` is GenerateReplyRequest or StreamReplyRequest.
template <typename Proto>
absl::StatusOr<ReplyRequest> MakeReplyRequest(Backend& backend, const Engine& engine, const Proto& proto, UserKey user,
                                              absl::Time deadline) {
  absl::StatusOr<History> history = backend.store.Recent(user, engine.model_info().max_history, proto.min_revision());
  if (!history.ok()) return history.status();
  return ReplyRequest{.user = std::move(user),
                      .history = *std::move(history),
                      .post = proto.post(),
                      .decoding = FromProto(proto.decoding()),
                      .explain = proto.explain(),
                      .deadline = deadline};
}

}  // namespace idiolect
