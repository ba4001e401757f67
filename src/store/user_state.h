// What a store keeps of a user beside the exchanges, and how an append changes it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "idiolect/history_store.h"

namespace idiolect {

// Times are kept with this resolution; finer is cut.
inline int64_t StoredTime(absl::Time time) { return absl::ToUnixMicros(time); }

// An exchange as it is stored. One without a time of its own (InfinitePast) has that of its append.
inline Exchange StoredExchange(Exchange exchange, int64_t sequence, absl::Time appended) {
  exchange.sequence = sequence;
  if (exchange.time == absl::InfinitePast()) exchange.time = appended;
  exchange.time = absl::FromUnixMicros(StoredTime(exchange.time));
  return exchange;
}

struct UserState {
  int64_t epoch = 0;
  int64_t revision = 0;
  int64_t last_sequence = 0;
  int64_t exchange_count = 0;
  // In stored resolution; meaningless without exchanges.
  int64_t first_time = 0;
  int64_t last_time = 0;
  // By which an encrypting store finds the user's data key; empty where nothing is encrypted.
  std::string key_ref;

  // Of a user taken over from another store. A revision counts the appends and the deletions, so that the appends
  // follow from it.
  static UserState Adopted(int64_t epoch, int64_t revision, absl::Span<const Exchange> exchanges) {
    UserState state;
    for (const Exchange& exchange : exchanges) state.CountAppend(StoredTime(exchange.time));
    state.epoch = epoch;
    state.revision = revision;
    state.last_sequence = (revision + state.exchange_count) / 2;
    return state;
  }

  void CountAppend(int64_t time) {
    first_time = exchange_count == 0 ? time : std::min(first_time, time);
    last_time = exchange_count == 0 ? time : std::max(last_time, time);
    ++exchange_count;
    ++last_sequence;
    ++revision;
  }

  UserSummary Summary(std::string user_id) const {
    UserSummary summary{
        .user_id = std::move(user_id), .epoch = epoch, .revision = revision, .exchange_count = exchange_count};
    if (exchange_count > 0) {
      summary.first_time = absl::FromUnixMicros(first_time);
      summary.last_time = absl::FromUnixMicros(last_time);
    }
    return summary;
  }
};

}  // namespace idiolect
