#include "serve/wire.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "grpcpp/support/proto_buffer_reader.h"
#include "grpcpp/support/proto_buffer_writer.h"
#include "grpcpp/support/slice.h"
#include "serve/field_violations.h"

namespace idiolect {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;

std::string Flatten(const grpc::ByteBuffer& bytes) {
  std::vector<grpc::Slice> slices;
  std::string flat;
  if (!bytes.Dump(&slices).ok()) return flat;
  for (const grpc::Slice& slice : slices) flat.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return flat;
}

void Collect(std::string_view wire, const Descriptor& type, const std::string& prefix, std::vector<std::string>& out) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(wire.data()),
                                            static_cast<int>(wire.size()));
  std::map<int, int> seen;  // elements so far of each repeated field
  while (const uint32_t tag = in.ReadTag()) {
    const int number = WireFormatLite::GetTagFieldNumber(tag);
    const FieldDescriptor* field = type.FindFieldByNumber(number);
    const bool is_text = field != nullptr && field->type() == FieldDescriptor::TYPE_STRING;
    const bool is_message = field != nullptr && field->type() == FieldDescriptor::TYPE_MESSAGE;
    if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED || !(is_text || is_message)) {
      if (!WireFormatLite::SkipField(&in, tag)) return;
      continue;
    }
    int size = 0;
    std::string content;
    if (!in.ReadVarintSizeAsInt(&size) || !in.ReadString(&content, size)) return;
    std::string path = prefix + field->name();
    if (field->is_repeated()) absl::StrAppend(&path, "[", seen[number]++, "]");
    if (is_message) {
      Collect(content, *field->message_type(), path + ".", out);
    } else if (!IsUtf8(content)) {
      out.push_back(std::move(path));
    }
  }
}

}  // namespace

absl::Status ParseMessage(const grpc::ByteBuffer& bytes, google::protobuf::Message& message) {
  grpc::ByteBuffer reference(bytes);  // the reader wants one that it may change; the bytes themselves are shared
  grpc::ProtoBufferReader reader(&reference);
  if (reader.status().ok() && message.ParseFromZeroCopyStream(&reader)) return absl::OkStatus();
  FieldViolations violations;
  for (const std::string& field : StringsThatAreNotUtf8(Flatten(bytes), *message.GetDescriptor())) {
    violations.Add(field, "must be valid UTF-8");
  }
  if (!violations.empty()) return violations.ToStatus();
  return absl::InvalidArgumentError(absl::StrCat("the bytes are no ", message.GetDescriptor()->full_name()));
}

grpc::ByteBuffer SerializeMessage(const google::protobuf::Message& message) {
  grpc::Slice slice(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  return grpc::ByteBuffer(&slice, 1);
}

std::vector<std::string> StringsThatAreNotUtf8(std::string_view wire, const Descriptor& type) {
  std::vector<std::string> fields;
  Collect(wire, type, "", fields);
  return fields;
}

bool IsUtf8(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    if (length == 0 || length > text.size() - i) return false;
    uint32_t c = length == 1 ? lead : lead & (0x7Fu >> length);
    for (size_t k = 1; k < length; ++k) {
      const auto byte = static_cast<unsigned char>(text[i + k]);
      if ((byte & 0xC0) != 0x80) return false;
      c = (c << 6) | (byte & 0x3F);
    }
    const bool overlong = (length == 3 && c < 0x800) || (length == 4 && c < 0x10000);
    if (overlong || (c >= 0xD800 && c < 0xE000) || c > 0x10FFFF) return false;
    i += length;
  }
  return true;
}

}  // namespace idiolect
