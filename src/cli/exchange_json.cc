#include "cli/exchange_json.h"

#include "cli/proto_time.h"
#include "nlohmann/json.hpp"

namespace idiolect {
namespace {

// Whole seconds as an integer, since that is what corpora have.
nlohmann::ordered_json SecondsAsJson(absl::Time time) {
  const int64_t micros = absl::ToUnixMicros(time);
  if (micros % 1000000 == 0) return micros / 1000000;
  return static_cast<double>(micros) / 1e6;
}

}  // namespace

std::string ToJsonLine(const std::string& user, const v1::Exchange& exchange) {
  nlohmann::ordered_json line = {{"user", user},
                                 {"post", exchange.post()},
                                 {"post_user", exchange.post_user()},
                                 {"response", exchange.response()},
                                 {"time", SecondsAsJson(FromProto(exchange.time()))},
                                 {"source", exchange.source()}};
  return line.dump();
}

}  // namespace idiolect
