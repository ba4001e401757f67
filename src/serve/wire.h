// Messages to and from the bytes of the wire.
//
// The services take their requests as bytes and parse them here, because gRPC's own way with a message that it can't
// parse is to answer UNIMPLEMENTED, and in a stream to pretend that the stream has ended: an import with one broken
// string would be cut short there and reported as complete.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "grpcpp/support/byte_buffer.h"

namespace idiolect {

// kInvalidArgument, with a violation for every string that is not UTF-8, when the bytes are no such message.
absl::Status ParseMessage(const grpc::ByteBuffer& bytes, google::protobuf::Message& message);

grpc::ByteBuffer SerializeMessage(const google::protobuf::Message& message);

// Paths of the string fields in `wire`, an encoded `type`, whose bytes are not UTF-8.
std::vector<std::string> StringsThatAreNotUtf8(std::string_view wire, const google::protobuf::Descriptor& type);

bool IsUtf8(std::string_view text);

}  // namespace idiolect
