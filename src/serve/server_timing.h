// Where a reply's time went, as trailing metadata `server-timing` in the form of W3C Server Timing:
//   queue;dur=0.42, first-token;dur=3.10, total;dur=24.05, profile;desc=cached
// Durations are milliseconds in the engine, from the moment that the request was queued there.
#pragma once

#include <string>

#include "idiolect/reply.h"

namespace idiolect {

inline constexpr char kServerTiming[] = "server-timing";

std::string ToServerTiming(const ReplyTiming& timing);

}  // namespace idiolect
