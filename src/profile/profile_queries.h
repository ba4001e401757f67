// Questions about a user's profile that need both the history and the model: the store is read, then the engine asked.
//
// Both calls block for the store's reads, on the caller's thread, and then go on like Engine::Submit…: `done` is called
// once from the engine's thread, unless the call itself returned an error.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "idiolect/engine.h"
#include "idiolect/history_store.h"
#include "profile/style.h"
#include "profile/vocabulary.h"

namespace idiolect {

// A profile as people read it. `summary`, `profile`, `vocabulary` and `style` are of one and the same revision.
struct ReadableProfile {
  UserSummary summary;
  int window_size = 0;  // exchanges that the rest is built from
  std::shared_ptr<const UserProfile> profile;
  std::vector<VocabularyWord> vocabulary;
  StyleStatistics style;
};

// The dynamic profile for a post. `exchanges` are of the window, in the order of `reading.entries`.
struct ReadableMemory {
  MemoryReading reading;
  std::vector<Exchange> exchanges;
};

class ProfileQueries {
 public:
  // Both must outlive whatever the queries have in flight; the object itself need not.
  ProfileQueries(HistoryStore& store, Engine& engine) : store_(store), engine_(engine) {}

  using ProfileCallback = std::function<void(absl::StatusOr<ReadableProfile>)>;
  absl::StatusOr<std::shared_ptr<Ticket>> Profile(const UserKey& user, int64_t min_revision, int vocabulary_size,
                                                  absl::Time deadline, ProfileCallback done);

  using MemoryCallback = std::function<void(absl::StatusOr<ReadableMemory>)>;
  absl::StatusOr<std::shared_ptr<Ticket>> Memory(const UserKey& user, int64_t min_revision, std::string post,
                                                 absl::Time deadline, MemoryCallback done);

 private:
  HistoryStore& store_;
  Engine& engine_;
};

}  // namespace idiolect
