// Finds in what an HTTP/2 client sends the calls that it resets right after it has begun them. Looks at the frames'
// headers alone, so it costs next to nothing. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/time/time.h"

namespace idiolect {

class ResetCounter {
 public:
  // A call that is reset within this time, or twice as long, counts: a client that hangs up or has waited long enough
  // takes longer.
  static constexpr absl::Duration kRapid = absl::Milliseconds(50);

  // The next bytes of a connection, from its first on. How many calls are reset in them that were begun a moment ago.
  int Take(std::string_view bytes, absl::Time now);

 private:
  static constexpr size_t kHeaderBytes = 9;

  void Age(absl::Time now);
  bool TakePreface(std::string_view& bytes);
  bool TakeHeader(std::string_view& bytes);
  bool IsRapidReset();  // of the frame whose header is complete

  size_t preface_bytes_ = 0;
  bool is_http2_ = true;
  std::array<uint8_t, kHeaderBytes> header_{};
  size_t header_bytes_ = 0, payload_left_ = 0;

  // The calls on a connection are numbered upwards.
  uint32_t newest_ = 0, newest_at_mark_ = 0, newest_of_old_ = 0;
  absl::Time mark_ = absl::InfinitePast();
};

}  // namespace idiolect
