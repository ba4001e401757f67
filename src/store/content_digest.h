// SHA-256 over a list of fields: what a request id stands for, without keeping the text.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "idiolect/exchange.h"

namespace idiolect {

// 32 bytes. Lengths are part of what is hashed: {"ab", "c"} and {"a", "bc"} differ.
std::string Digest(std::initializer_list<std::string_view> fields);

// Of the content of an append (all but the sequence) and of a deletion.
std::string AppendDigest(const Exchange& exchange);
std::string DeleteDigest(int64_t sequence);

// Under which the receipt of an erasure is kept: names nobody.
std::string ReceiptDigest(const UserKey& user, std::string_view request_id);

}  // namespace idiolect
