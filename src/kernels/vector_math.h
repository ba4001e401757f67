// The element-wise parts of the model, on rows of floats. Each row's result depends on that row alone, to the bit.
// Thread-safe: pure functions.
#pragma once

namespace idiolect {

float Dot(const float* a, const float* b, int n);
void AddScaled(float* y, float scale, const float* x, int n);  // y += scale · x
void Add(float* y, const float* x, int n);                     // y += x
void Tanh(float* x, int n);
// x · Φ(x), with the error function to 1.5e-7 (Abramowitz and Stegun 7.1.26).
void Gelu(float* x, int n);
void LayerNorm(const float* x, const float* weight, const float* bias, float epsilon, int n, float* y);
float Max(const float* x, int n);  // n >= 1
// y = x + bias; returns the largest y.
float AddBias(const float* x, const float* bias, int n, float* y);

// x becomes softmax(scale · x).
void Softmax(float* x, float scale, int n);

// y = e^((x - shift) · scale), whose sum is returned; x may be y. `x - shift` must not be above 0 by more than
// rounding. Sums are kept in double across stretches of 1,024, so that a vocabulary's sum is good to a float's
// precision.
double ExpSum(const float* x, float shift, float scale, int n, float* y);

// One step of a GRU in PyTorch's form: the gates' parts from the input and from the state, [3, hidden] each in the
// order r, z, n, biases included. `state` [hidden] becomes the next one.
void AdvanceGru(const float* gates_x, const float* gates_h, int hidden, float* state);

}  // namespace idiolect
