// The rules for single fields that several requests share.
#pragma once

#include <cstdint>
#include <string_view>

#include "idiolect/v1/dialogue.pb.h"
#include "idiolect/v1/history.pb.h"
#include "serve/field_violations.h"
#include "serve/validation.h"

namespace idiolect {

void CheckUserId(std::string_view user_id, FieldViolations& violations);
void CheckRequestId(std::string_view request_id, FieldViolations& violations);
void CheckLength(std::string_view field, std::string_view text, int max_bytes, FieldViolations& violations);
void CheckNotNegative(std::string_view field, int64_t number, FieldViolations& violations);
void CheckExchange(bool present, const v1::Exchange& exchange, const Limits& limits, FieldViolations& violations);
void CheckExchangeId(int64_t exchange_id, FieldViolations& violations);
void CheckDecoding(const v1::DecodingOptions& options, const Limits& limits, FieldViolations& violations);

}  // namespace idiolect
