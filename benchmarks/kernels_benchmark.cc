// The kernels alone, at the paper's size: what a step of the engine could cost at the least.
//
//   build/benchmarks/kernels_benchmark --benchmark_filter=Output
//
// Each line is one thread. «GOP/s» counts a multiplication and an addition as two operations.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "kernels/blocked_kernel.h"
#include "kernels/buffer.h"
#include "kernels/dense_layer.h"
#include "kernels/product.h"
#include "kernels/quantized.h"
#include "kernels/vector_math.h"

namespace idiolect {
namespace {

std::vector<float> Waves(size_t n) {
  std::vector<float> values(n);
  for (size_t i = 0; i < n; ++i) values[i] = std::sin(static_cast<float>(i % 104729) * 0.37f);
  return values;
}

// The layer as it serves, or with `library` always by oneDNN.
void MeasureLayer(benchmark::State& state, int outputs, int inputs, Precision precision, bool library = false) {
  const OneThread one_thread;
  const int rows = static_cast<int>(state.range(0));
  const std::vector<float> weight = Waves(static_cast<size_t>(outputs) * inputs), bias = Waves(outputs);
  const DenseLayer layer(weight.data(), bias.data(), outputs, inputs, precision);
  const BlockedKernel blocked({weight.data(), bias.data(), outputs, inputs}, precision);
  const std::vector<float> x = Waves(static_cast<size_t>(rows) * inputs);
  FloatMatrix y;
  y.Resize(rows, outputs);
  Scratch scratch;
  for (auto _ : state) {
    library ? blocked.Run(x.data(), rows, y.data(), nullptr, scratch) : layer(x.data(), rows, y.data(), scratch);
  }
  state.counters["GOP/s"] =
      benchmark::Counter(2e-9 * rows * outputs * inputs, benchmark::Counter::kIsIterationInvariantRate);
}

// The matrices of a step: name, outputs, inputs.
#define IDIOLECT_MEASURE(name, outputs, inputs, ...)                                \
  void name(benchmark::State& s) { MeasureLayer(s, outputs, inputs, __VA_ARGS__); } \
  BENCHMARK(name)->Arg(1)->Arg(8)->Arg(32)->Unit(benchmark::kMicrosecond)
#define IDIOLECT_LAYER(name, outputs, inputs)                                    \
  IDIOLECT_MEASURE(name##Int8, outputs, inputs, Precision::kInt8);               \
  IDIOLECT_MEASURE(name##Int8ByOneDnn, outputs, inputs, Precision::kInt8, true); \
  IDIOLECT_MEASURE(name##Float32, outputs, inputs, Precision::kFloat32);         \
  IDIOLECT_MEASURE(name##Bf16, outputs, inputs, Precision::kBfloat16)
IDIOLECT_LAYER(Output, 40000, 600);
IDIOLECT_LAYER(GatesOfInput, 1800, 300);
IDIOLECT_LAYER(GatesOfState, 1800, 600);
IDIOLECT_LAYER(Queries, 1200, 600);
IDIOLECT_LAYER(Readout, 600, 1800);

void SoftmaxOfVocabulary(benchmark::State& state) {
  const std::vector<float> logits = Waves(40000);
  std::vector<float> out(logits.size());
  for (auto _ : state) benchmark::DoNotOptimize(ExpSum(logits.data(), 1, 1, 40000, out.data()));
}
BENCHMARK(SoftmaxOfVocabulary)->Unit(benchmark::kMicrosecond);

void CopyScores(benchmark::State& state) {
  const std::vector<float> query = Waves(300), rows = Waves(285 * 300), scales(285, 0.01f);
  std::vector<int8_t> table(rows.size());
  for (int i = 0; i < 285; ++i) QuantizeRow(rows.data() + i * 300, 300, table.data() + i * 300);
  std::vector<float> out(285);
  for (auto _ : state) DotBytes(query.data(), table.data(), scales.data(), 285, 300, 1, out.data());
}
BENCHMARK(CopyScores)->Unit(benchmark::kMicrosecond);

void GruStep(benchmark::State& state) {
  const std::vector<float> gates_x = Waves(1800), gates_h = Waves(1800);
  std::vector<float> h = Waves(600);
  for (auto _ : state) AdvanceGru(gates_x.data(), gates_h.data(), 600, h.data());
}
BENCHMARK(GruStep)->Unit(benchmark::kMicrosecond);

void AttentionScores(benchmark::State& state) {
  const OneThread one_thread;
  const std::vector<float> qkv = Waves(304 * 900);
  std::vector<float> scores(304 * 304);
  Scratch scratch;
  for (auto _ : state)
    MultiplyFloats({qkv.data(), 900}, {qkv.data() + 300, 900}, true, 304, 304, 50, scores.data(), 304, scratch);
}
BENCHMARK(AttentionScores)->Unit(benchmark::kMicrosecond);

// What reading weights costs that no cache holds.
void ReadMemory(benchmark::State& state) {
  constexpr size_t kBytes = size_t{256} << 20;
  const Buffer buffer(kBytes);
  const auto* words = static_cast<const uint64_t*>(buffer.data());
  std::fill_n(static_cast<uint64_t*>(buffer.data()), kBytes / sizeof(uint64_t), 1);
  for (auto _ : state) benchmark::DoNotOptimize(std::accumulate(words, words + kBytes / sizeof(uint64_t), uint64_t{0}));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * kBytes));
}
BENCHMARK(ReadMemory)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace idiolect

BENCHMARK_MAIN();
