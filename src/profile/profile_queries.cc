#include "profile/profile_queries.h"

#include <algorithm>
#include <utility>

namespace idiolect {
namespace {

struct UserState {
  UserSummary summary;
  History history;
};

// The store gives the summary and the window in two reads; between them another caller may append. A user speaks more
// slowly than we read, so reading again until both tell of the same revision ends soon; the limit is for bulk imports.
absl::StatusOr<UserState> ReadUser(HistoryStore& store, const UserKey& user, int window, int64_t min_revision) {
  constexpr int kAttempts = 8;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    absl::StatusOr<History> history = store.Recent(user, window, min_revision);
    if (!history.ok()) return history.status();
    absl::StatusOr<UserSummary> summary = store.Summary(user);
    if (!summary.ok()) return summary.status();
    if (summary->epoch == history->epoch && summary->revision == history->revision) {
      return UserState{*std::move(summary), *std::move(history)};
    }
  }
  return absl::UnavailableError("the user's history is changing too fast to be read; try again");
}

// Every entry is of the window; a window holds tens of exchanges, so looking through it is cheaper than an index.
std::vector<Exchange> ExchangesOf(const MemoryReading& reading, const std::vector<Exchange>& window) {
  std::vector<Exchange> exchanges(reading.entries.size());
  for (size_t i = 0; i < exchanges.size(); ++i) {
    const int64_t sequence = reading.entries[i].sequence;
    const auto found = std::find_if(window.begin(), window.end(),
                                    [&](const Exchange& exchange) { return exchange.sequence == sequence; });
    if (found != window.end()) exchanges[i] = *found;
  }
  return exchanges;
}

}  // namespace

absl::StatusOr<std::shared_ptr<Ticket>> ProfileQueries::Profile(const UserKey& user, int64_t min_revision,
                                                                int vocabulary_size, absl::Time deadline,
                                                                ProfileCallback done) {
  absl::StatusOr<UserState> state = ReadUser(store_, user, engine_.model_info().max_history, min_revision);
  if (!state.ok()) return state.status();
  // Words are counted here, on the caller's thread: the engine's has better things to do.
  const std::vector<Exchange>& exchanges = state->history.exchanges;
  auto readable = std::make_shared<ReadableProfile>();
  readable->summary = std::move(state->summary);
  readable->window_size = static_cast<int>(exchanges.size());
  readable->vocabulary =
      PersonalVocabulary(exchanges, [this](std::string_view word) { return engine_.Surprisal(word); });
  if (readable->vocabulary.size() > static_cast<size_t>(vocabulary_size)) readable->vocabulary.resize(vocabulary_size);
  readable->style = MeasureStyle(exchanges);
  return engine_.SubmitProfile(
      user, std::move(state->history), deadline,
      [readable, done = std::move(done)](absl::StatusOr<std::shared_ptr<const UserProfile>> profile) {
        if (!profile.ok()) return done(profile.status());
        readable->profile = *std::move(profile);
        done(std::move(*readable));
      });
}

absl::StatusOr<std::shared_ptr<Ticket>> ProfileQueries::Memory(const UserKey& user, int64_t min_revision,
                                                               std::string post, absl::Time deadline,
                                                               MemoryCallback done) {
  absl::StatusOr<History> history = store_.Recent(user, engine_.model_info().max_history, min_revision);
  if (!history.ok()) return history.status();
  auto window = std::make_shared<const std::vector<Exchange>>(history->exchanges);
  return engine_.SubmitMemoryQuery(user, *std::move(history), std::move(post), deadline,
                                   [window, done = std::move(done)](absl::StatusOr<MemoryReading> reading) {
                                     if (!reading.ok()) return done(reading.status());
                                     ReadableMemory memory;
                                     memory.exchanges = ExchangesOf(*reading, *window);
                                     memory.reading = *std::move(reading);
                                     done(std::move(memory));
                                   });
}

}  // namespace idiolect
