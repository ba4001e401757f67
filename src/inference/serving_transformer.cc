#include "inference/serving_transformer.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "kernels/product.h"
#include "kernels/vector_math.h"

namespace idiolect {
namespace {

// Attention is computed for lengths rounded up to this, so that a few prepared products serve all of them. What lies in
// the rows beyond a text gets no weight.
constexpr int kLengthStep = 16;

int PaddedLength(int length) { return (length + kLengthStep - 1) / kLengthStep * kLengthStep; }

// One head of one text. `rows` points at its query, key and value parts in [length, 3d], `out` at its part in [length,
// d].
struct Head {
  const float* query;
  const float* key;
  const float* value;
  float* out;
  int d, width, length;
};

void AttendHead(const Head& head, FloatMatrix& scores, Scratch& scratch) {
  const int padded = PaddedLength(head.length);
  const int64_t stride = 3 * static_cast<int64_t>(head.d);
  scores.Resize(padded, padded);
  MultiplyFloats({head.query, stride}, {head.key, stride}, true, padded, padded, head.width, scores.data(), padded,
                 scratch);
  const float scale = 1.0f / std::sqrt(static_cast<float>(head.width));
  for (int i = 0; i < head.length; ++i) {
    Softmax(scores.row(i), scale, head.length);
    std::fill(scores.row(i) + head.length, scores.row(i) + padded, 0.0f);
  }
  MultiplyFloats({scores.data(), padded}, {head.value, stride}, false, padded, head.width, padded, head.out, head.d,
                 scratch);
}

}  // namespace

ServingTransformer::ServingTransformer(const ModelConfig& config, const Parameters& parameters, const std::string& name,
                                       int layers, Precision precision)
    : d_(config.d_model),
      heads_(config.heads),
      epsilon_(static_cast<float>(config.layer_norm_epsilon)),
      norm_(parameters, name + ".norm") {
  for (int i = 0; i < layers; ++i) {
    const std::string layer = absl::StrCat(name, ".layers.", i, ".");
    std::vector<LayerNames> projections;
    for (const char* part : {"query", "key", "value"})
      projections.push_back(
          {absl::StrCat(layer, "attention.", part, ".weight"), absl::StrCat(layer, "attention.", part, ".bias")});
    layers_.push_back({NormWeights(parameters, layer + "norm1"), NormWeights(parameters, layer + "norm2"),
                       PackLayers(parameters, projections, precision),
                       PackLayer(parameters, layer + "attention.output", precision),
                       PackLayer(parameters, layer + "feed_forward.up", precision),
                       PackLayer(parameters, layer + "feed_forward.down", precision)});
  }
}

void ServingTransformer::operator()(FloatMatrix& x, const std::vector<int>& lengths, Scratch& scratch) const {
  Workspace work{scratch.matrix(Scratch::kNormed), scratch.matrix(Scratch::kWide), scratch.matrix(Scratch::kAttended),
                 scratch.matrix(Scratch::kScores)};
  for (const Layer& layer : layers_) {
    Attend(layer, x, lengths, work, scratch);
    FeedForward(layer, x, work, scratch);
  }
  for (int i = 0; i < x.rows(); ++i)
    LayerNorm(x.row(i), norm_.weight.data(), norm_.bias.data(), epsilon_, d_, x.row(i));
}

void ServingTransformer::Normalize(const NormWeights& norm, const FloatMatrix& x, FloatMatrix& y) const {
  y.Resize(x.rows(), d_);
  for (int i = 0; i < x.rows(); ++i) LayerNorm(x.row(i), norm.weight.data(), norm.bias.data(), epsilon_, d_, y.row(i));
}

void ServingTransformer::Attend(const Layer& layer, FloatMatrix& x, const std::vector<int>& lengths, Workspace& work,
                                Scratch& scratch) const {
  Normalize(layer.norm1, x, work.normed);
  // The last text's padding reaches beyond its rows, and must be memory of ours.
  work.wide.Resize(x.rows() + kLengthStep, 3 * d_);
  work.attended.Resize(x.rows() + kLengthStep, d_);
  layer.query_key_value(work.normed.data(), x.rows(), work.wide.data(), scratch);
  std::fill(work.wide.row(x.rows()), work.wide.row(x.rows() + kLengthStep), 0.0f);
  const int width = d_ / heads_;
  int first = 0;
  for (const int length : lengths) {
    for (int head = 0; head < heads_; ++head) {
      const float* rows = work.wide.row(first) + static_cast<int64_t>(head) * width;
      // What a head writes into the padding belongs to the next text, which comes later and overwrites it.
      AttendHead({.query = rows,
                  .key = rows + d_,
                  .value = rows + 2 * d_,
                  .out = work.attended.row(first) + static_cast<int64_t>(head) * width,
                  .d = d_,
                  .width = width,
                  .length = length},
                 work.scores, scratch);
    }
    first += length;
  }
  layer.output(work.attended.data(), x.rows(), work.normed.data(), scratch);
  Add(x.data(), work.normed.data(), x.rows() * d_);
}

void ServingTransformer::FeedForward(const Layer& layer, FloatMatrix& x, Workspace& work, Scratch& scratch) const {
  Normalize(layer.norm2, x, work.normed);
  work.wide.Resize(x.rows(), layer.up.outputs());
  layer.up(work.normed.data(), x.rows(), work.wide.data(), scratch);
  Gelu(work.wide.data(), x.rows() * layer.up.outputs());
  layer.down(work.wide.data(), x.rows(), work.normed.data(), scratch);
  Add(x.data(), work.normed.data(), x.rows() * d_);
}

}  // namespace idiolect
