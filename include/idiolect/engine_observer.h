// Who wants to know how an engine works: metrics, for the most part. The engine calls from its own threads, between two
// steps, so an observer must be quick, must not block, and must be thread-safe.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "idiolect/engine.h"

namespace idiolect {

class EngineObserver {
 public:
  virtual ~EngineObserver() = default;
  // One step of one engine's batch: `rows` candidates and beams moved on by one token.
  virtual void OnStep(int rows, absl::Duration took) = 0;
  // A request got its place in the batch, or was given up before it did, `waited` after it was submitted.
  virtual void OnLeftQueue(absl::Duration waited) = 0;
  // A reply is complete. Of the `tokens` of its best candidate, `copied` had a probability above 0.5 of being copied
  // from the history.
  virtual void OnReply(int tokens, int copied) = 0;
};

// StartEngine of idiolect/engine.h, with an observer, which must outlive the engine.
absl::StatusOr<std::unique_ptr<Engine>> StartEngine(const std::string& model_dir, const EngineOptions& options,
                                                    EngineObserver& observer);

}  // namespace idiolect
