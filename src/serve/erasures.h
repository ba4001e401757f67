// Sees to it that nothing derived from an erased history outlives the erasure.
//
// The race: a call reads a history, EraseUser or the store's sweep of what is past its time to live erases it, and then
// the engine builds a profile from what the call had read, or counts its words. Nobody can be served that profile: the
// history's epoch is part of the cache's key, and a user who comes back lives in a new epoch. But it would sit in the
// cache until it is evicted, and erased means erased. So every use of a history notes how many erasures there have been
// before it reads, and looks again when the engine is done with it: if there was one in between, whosever, it has the
// engine forget the user once more. That is rare, and at worst costs one rebuilt profile.
//
// Why this leaves no gap: the count moves after the store has erased and before the engine forgets, and the engine
// caches a profile before it reports that it is done. A use that read the old history began before the count moved. If
// it cached before the engine forgot, the profile went then; if after, the use ends after the count moved, and sees it.
#pragma once

#include <cstdint>

#include "serve/model_host.h"
#include "serve/store_executor.h"

namespace idiolect {

// From before a user's history is read until the engine has answered; the model that answers stays the same meanwhile.
class HistoryUse {
 public:
  // Both must outlive it.
  HistoryUse(ModelHost& models, StoreExecutor& executor, UserKey user);
  // Call it from the engine's callback, before the call is ended. Does not block.
  void End() const;

  const ModelHost::Lease& engine() const { return engine_; }

 private:
  ModelHost& models_;
  StoreExecutor& executor_;
  UserKey user_;
  ModelHost::Lease engine_;
  uint64_t count_at_start_;
};

}  // namespace idiolect
