// Numbers as small integers with a scale: value = integer · scale, symmetric about 0.
// Thread-safe: pure functions; rows never influence each other.
#pragma once

#include <cstdint>

namespace idiolect {

// Integers from -limit to limit (at most 127), as bytes with limit + 1 added: what the u8·s8 product takes. Returns the
// scale; a row of zeros has 0.
float QuantizeActivations(const float* x, int n, int limit, uint8_t* out);

// The same as 16-bit integers, with nothing added.
float QuantizeRow16(const float* x, int n, int limit, int16_t* out);

// Signed bytes, -127 to 127. Returns the scale.
float QuantizeRow(const float* x, int n, int8_t* out);

// y = (sums - corrections) · (row_scale · column_scales) + bias, for one row of integer sums. Returns the largest y.
float Dequantize(const int32_t* sums, const int32_t* corrections, const float* column_scales, const float* bias,
                 float row_scale, int n, float* y);

// y += scale · x.
void AddScaledBytes(float* y, float scale, const int8_t* x, int n);

// out[i] = query · row i, for `rows` rows of n bytes with a scale each; every product is multiplied by `factor`. The
// query is rounded to 16 bits, or to as many as keep the exact integer sum within 32.
void DotBytes(const float* query, const int8_t* table, const float* scales, int rows, int n, float factor, float* out);

// Nearest bfloat16, ties to even; x must be finite.
void ToBfloat16(const float* x, int n, uint16_t* out);

}  // namespace idiolect
