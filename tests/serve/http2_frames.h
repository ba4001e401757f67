// HTTP/2 by hand, for what no client would send.
#pragma once

#include <cstdint>
#include <string>

namespace idiolect::testing {

inline constexpr uint8_t kData = 0, kHeaders = 1, kRstStream = 3, kSettings = 4;
inline const std::string kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

inline std::string Frame(uint8_t type, uint32_t stream, const std::string& payload = "", uint8_t flags = 0) {
  std::string frame;
  for (const int shift : {16, 8, 0}) frame += static_cast<char>(payload.size() >> shift & 0xff);
  frame += static_cast<char>(type);
  frame += static_cast<char>(flags);
  for (const int shift : {24, 16, 8, 0}) frame += static_cast<char>(stream >> shift & 0xff);
  return frame + payload;
}

// A call of ModelService.GetModel, in HPACK that nobody has to remember, and its reset.
inline std::string ResetCall(uint32_t stream) {
  constexpr uint8_t kEndHeaders = 4;
  const auto field = [](const std::string& name, const std::string& value) {
    return std::string(1, '\0') + static_cast<char>(name.size()) + name + static_cast<char>(value.size()) + value;
  };
  const std::string headers = field(":method", "POST") + field(":scheme", "http") +
                              field(":path", "/idiolect.v1.ModelService/GetModel") + field(":authority", "test") +
                              field("content-type", "application/grpc") + field("te", "trailers");
  return Frame(kHeaders, stream, headers, kEndHeaders) + Frame(kRstStream, stream, std::string("\0\0\0\x08", 4));
}

}  // namespace idiolect::testing
