// Whether an engine answers sanely: for a person and for a stranger, in scores and in replies, the same again when it
// is asked again. A model whose numbers overflow, or a processor that computes wrongly, is found out before it has
// users. Also the first use of every part, so that no user waits for what is set up then.
#pragma once

#include "absl/status/status.h"
#include "idiolect/engine.h"

namespace idiolect {

// kFailedPrecondition says what was wrong. Waits for the engine; nothing is left in its cache.
absl::Status SelfTest(Engine& engine);

}  // namespace idiolect
