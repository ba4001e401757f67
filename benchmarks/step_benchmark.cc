// A step of the engine taken apart, at the paper's size (V 40,000, d 300, H 600, R 600, 15 exchanges of 20 tokens) with
// random weights, one thread:
//
//   build/benchmarks/step_benchmark
//
// MatricesAlone runs oneDNN's products of a step and nothing else, MatrixAlone one of them, LayersAlone the same by the
// layers that serve. Step over MatricesAlone is the figure of docs/performance.md.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <random>

#include "absl/strings/str_cat.h"
#include "engine/token_distribution.h"
#include "inference/serving_model.h"
#include "kernels/dense_layer.h"
#include "kernels/product.h"
#include "text/tokenizer.h"

namespace idiolect {
namespace {

ModelConfig PaperSize() {
  ModelConfig config;
  config.vocab_size = 40000;
  config.d_model = 300;
  config.hidden_size = 600;
  config.readout_size = 600;
  config.tie_embeddings = false;
  config.history_layers = config.memory_layers = 1;
  config.heads = 6;
  config.feed_forward_size = 256;
  config.max_history = 15;
  config.max_post_tokens = config.max_response_tokens = 20;
  return config;
}

// The tokens are given as ids, so no tokenizer is needed.
const ServingModel& Model(Precision precision) {
  static auto* const models = new std::map<Precision, std::unique_ptr<ServingModel>>();
  auto& model = (*models)[precision];
  if (model == nullptr) {
    const ModelConfig config = PaperSize();
    auto packed = ServingModel::Pack(DhapModel(config, Parameters::Random(config, 1), nullptr), precision);
    if (!packed.ok()) std::abort();
    model = *std::move(packed);
  }
  return *model;
}

std::vector<int32_t> Tokens(std::mt19937& random, int count) {
  std::vector<int32_t> ids;
  for (int i = 0; i + 1 < count; ++i) ids.push_back(300 + static_cast<int32_t>(random() % 39000));
  ids.push_back(kEos);
  return ids;
}

ProfileInput FullHistory(uint32_t seed) {
  std::mt19937 random(seed);
  ProfileInput input;
  input.epoch = input.revision = 1;
  for (int pair = 0; pair < 15; ++pair) {
    input.tokens.posts.push_back(Tokens(random, 20));
    input.tokens.responses.push_back(Tokens(random, 20));
    input.pair_sequences.push_back(pair + 1);
  }
  return input;
}

// Rows in the middle of their replies, each of another user.
struct Batch {
  Batch(const ServingModel& model, int count, Scratch& scratch) {
    std::mt19937 random(7);
    for (int i = 0; i < count; ++i) {
      profiles.push_back(model.profiles({FullHistory(i)}, scratch)[0]);
      posts.push_back(model.posts({{Tokens(random, 20), profiles.back().get()}}, scratch)[0]);
      states.push_back(posts.back()->initial_state);
    }
    for (int i = 0; i < count; ++i)
      rows.push_back({profiles[i].get(), posts[i].get(), static_cast<int32_t>(1000 + i), states[i].data()});
  }
  std::vector<std::shared_ptr<const CompactProfile>> profiles;
  std::vector<std::shared_ptr<const EncodedPost>> posts;
  std::vector<std::vector<float>> states;
  std::vector<DecoderRow> rows;
};

Precision PrecisionOf(const benchmark::State& state) { return static_cast<Precision>(state.range(1)); }

void Step(benchmark::State& state) {
  const OneThread one_thread;
  Scratch scratch;
  const ServingModel& model = Model(PrecisionOf(state));
  Batch batch(model, static_cast<int>(state.range(0)), scratch);
  ServingDecoder::Workspace work;
  for (auto _ : state) model.decoder.Step(batch.rows, work, scratch);
}

void StepAndNucleus(benchmark::State& state) {
  const OneThread one_thread;
  Scratch scratch;
  const ServingModel& model = Model(PrecisionOf(state));
  Batch batch(model, static_cast<int>(state.range(0)), scratch);
  ServingDecoder::Workspace work;
  TokenDistribution::Workspace distribution(40000);
  DecodingOptions options;
  options.temperature = 1;
  options.top_p = 0.9;
  uint64_t step = 0;
  for (auto _ : state) {
    model.decoder.Step(batch.rows, work, scratch);
    ++step;
    for (size_t i = 0; i < batch.rows.size(); ++i)
      batch.rows[i].previous =
          TokenDistribution(batch.rows[i], work.outputs[i], distribution).Sample(options, {i, 0, step});
  }
}

// One matrix with its weights packed for oneDNN, and the product of some rows with it: integers stay integers.
class AloneMatrix {
 public:
  AloneMatrix(int outputs, int inputs, int rows, Precision precision)
      : packed_(Weights(outputs, inputs, precision).data(), outputs, inputs, precision,
                [this](size_t bytes) {
                  memory_ = Buffer(bytes);
                  return memory_.data();
                }),
        product_(rows, outputs, inputs, precision, packed_) {}
  void Run(Scratch& scratch) const { product_.Run(packed_, scratch); }

 private:
  static std::vector<float> Weights(int outputs, int inputs, Precision precision) {
    std::vector<float> weight(static_cast<size_t>(outputs) * inputs);
    if (precision == Precision::kInt8) return weight;  // its bytes are integers of any value
    for (size_t k = 0; k < weight.size(); ++k) weight[k] = std::sin(static_cast<float>(k));
    return weight;
  }
  Buffer memory_;
  PackedMatrix packed_;
  WeightProduct product_;
};

constexpr std::pair<int, int> kShapes[] = {{1800, 300}, {1800, 600}, {1200, 600}, {600, 1800}, {40000, 600}};

void ZeroInput(Scratch& scratch, int rows) {
  constexpr size_t kDeepest = 1800;
  const size_t bytes = kDeepest * static_cast<size_t>(rows) * sizeof(float);
  std::memset(scratch.Take(Scratch::kInput, bytes), 0, bytes);
}

void MatricesAlone(benchmark::State& state) {
  const OneThread one_thread;
  Scratch scratch;
  const auto rows = static_cast<int>(state.range(0));
  ZeroInput(scratch, rows);
  std::vector<std::unique_ptr<AloneMatrix>> matrices;
  for (const auto& [outputs, inputs] : kShapes)
    matrices.push_back(std::make_unique<AloneMatrix>(outputs, inputs, rows, PrecisionOf(state)));
  for (auto _ : state) {
    for (const auto& matrix : matrices) matrix->Run(scratch);
  }
}

// One of the five, by its place in kShapes.
void MatrixAlone(benchmark::State& state) {
  const OneThread one_thread;
  Scratch scratch;
  const auto rows = static_cast<int>(state.range(0));
  ZeroInput(scratch, rows);
  const auto [outputs, inputs] = kShapes[state.range(2)];
  const AloneMatrix matrix(outputs, inputs, rows, PrecisionOf(state));
  for (auto _ : state) matrix.Run(scratch);
  state.SetLabel(absl::StrCat(inputs, " x ", outputs));
  state.counters["op/s"] =
      benchmark::Counter(2.0 * rows * inputs * outputs, benchmark::Counter::kIsIterationInvariantRate);
}

// The same five by this project's layers, quantising, biases and all.
void LayersAlone(benchmark::State& state) {
  const OneThread one_thread;
  Scratch scratch;
  const auto rows = static_cast<int>(state.range(0));
  std::vector<DenseLayer> layers;
  std::vector<FloatMatrix> inputs(5), outputs(5);
  for (int i = 0; i < 5; ++i) {
    const auto [out, in] = kShapes[i];
    std::vector<float> weight(static_cast<size_t>(out) * in), bias(out);
    for (size_t k = 0; k < weight.size(); ++k) weight[k] = std::sin(static_cast<float>(k));
    layers.emplace_back(weight.data(), bias.data(), out, in, PrecisionOf(state));
    inputs[i].Resize(rows, in);
    outputs[i].Resize(rows, out);
    for (int k = 0; k < rows * in; ++k) inputs[i].data()[k] = std::cos(static_cast<float>(k));
  }
  for (auto _ : state) {
    for (int i = 0; i < 5; ++i) layers[i](inputs[i].data(), rows, outputs[i].data(), scratch);
  }
}

void ProfileBuild(benchmark::State& state) {
  const OneThread one_thread;
  Scratch scratch;
  const ServingModel& model = Model(PrecisionOf(state));
  const ProfileInput input = FullHistory(1);
  for (auto _ : state) benchmark::DoNotOptimize(model.profiles({input}, scratch));
  state.counters["bytes"] = static_cast<double>(model.profiles({input}, scratch)[0]->byte_size());
}

// One exchange is new: the keys of the other fourteen are taken over.
void ProfileAfterAppend(benchmark::State& state) {
  const OneThread one_thread;
  Scratch scratch;
  const ServingModel& model = Model(PrecisionOf(state));
  ProfileInput input = FullHistory(1);
  input.previous = model.profiles({input}, scratch)[0];
  input.pair_sequences.back() = 16;
  for (auto _ : state) benchmark::DoNotOptimize(model.profiles({input}, scratch));
}

void PostEncoding(benchmark::State& state) {
  const OneThread one_thread;
  Scratch scratch;
  const ServingModel& model = Model(PrecisionOf(state));
  const auto profile = model.profiles({FullHistory(1)}, scratch)[0];
  std::mt19937 random(3);
  std::vector<PostInput> posts;
  for (int i = 0; i < state.range(0); ++i) posts.push_back({Tokens(random, 20), profile.get()});
  for (auto _ : state) benchmark::DoNotOptimize(model.posts(posts, scratch));
}

void RowsAndPrecisions(benchmark::internal::Benchmark* b) {
  for (const Precision precision : {Precision::kInt8, Precision::kBfloat16, Precision::kFloat32}) {
    for (const int rows : {1, 8, 12, 24, 32, 48, 64}) b->Args({rows, static_cast<int>(precision)});
  }
  b->ArgNames({"rows", "precision"})->Unit(benchmark::kMicrosecond);
}
void Precisions(benchmark::internal::Benchmark* b) {
  for (const Precision precision : {Precision::kInt8, Precision::kBfloat16, Precision::kFloat32})
    b->Args({1, static_cast<int>(precision)});
  b->ArgNames({"rows", "precision"})->Unit(benchmark::kMicrosecond);
}
// rows, int8, the place of the matrix
void RowsAndMatrices(benchmark::internal::Benchmark* b) {
  for (const int rows : {1, 8, 32}) {
    for (int matrix = 0; matrix < 5; ++matrix) b->Args({rows, static_cast<int>(Precision::kInt8), matrix});
  }
  b->ArgNames({"rows", "precision", "matrix"})->Unit(benchmark::kMicrosecond);
}
BENCHMARK(MatrixAlone)->Apply(RowsAndMatrices);
BENCHMARK(MatricesAlone)->Apply(RowsAndPrecisions);
BENCHMARK(LayersAlone)->Apply(RowsAndPrecisions);
BENCHMARK(Step)->Apply(RowsAndPrecisions);
BENCHMARK(StepAndNucleus)->Apply(RowsAndPrecisions);
BENCHMARK(PostEncoding)->Apply(RowsAndPrecisions);
BENCHMARK(ProfileBuild)->Apply(Precisions);
BENCHMARK(ProfileAfterAppend)->Apply(Precisions);

}  // namespace
}  // namespace idiolect

BENCHMARK_MAIN();
