#include "inference/serving_decoder.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/container/inlined_vector.h"
#include "kernels/vector_math.h"
#include "text/tokenizer.h"

namespace idiolect {
namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

DenseLayer PackOutput(const ModelConfig& config, const Parameters& parameters, Precision precision) {
  const std::vector<float> weight =
      Copy(parameters, config.tie_embeddings ? "token_embedding.weight" : "decoder.output.weight");
  std::vector<float> bias = Copy(parameters, "decoder.output.bias");
  for (const int32_t id : {kPad, kBos, kCls}) bias[id] = kMinusInfinity;  // never generated
  return DenseLayer(weight.data(), bias.data(), config.vocab_size, config.readout_size, precision);
}

// Places that a row's weights are over: the memory, the personal vocabulary, the post.
size_t PlaceCount(const DecoderRow& row) {
  return static_cast<size_t>(row.profile->keys.rows() + row.profile->words.rows() + row.post->length());
}

}  // namespace

ServingDecoder::ServingDecoder(const ModelConfig& config, const Parameters& parameters, Precision precision)
    : config_(config),
      token_embedding_(parameters.at("token_embedding.weight").contiguous()),
      gates_x_(PackLayers(parameters, {{"decoder.gru.weight_ih", "decoder.gru.bias_ih"}}, precision)),
      gates_h_(PackLayers(parameters, {{"decoder.gru.weight_hh", "decoder.gru.bias_hh"}}, precision)),
      queries_(PackLayers(parameters,
                          {{"decoder.post_query.weight", "decoder.post_query.bias"},
                           {"decoder.memory_query.weight", "decoder.memory_query.bias"},
                           {"decoder.copy_query.weight", "decoder.copy_query.bias"}},
                          precision)),
      readout_(PackLayer(parameters, "decoder.readout", precision)),
      output_(PackOutput(config, parameters, precision)),
      gate_weight_(Copy(parameters, "decoder.gate.weight")),
      gate_bias_(Copy(parameters, "decoder.gate.bias")) {}

void ServingDecoder::Step(absl::Span<const DecoderRow> rows, Workspace& work, Scratch& scratch, bool logits) const {
  const auto count = static_cast<int>(rows.size());
  AdvanceStates(rows, work, scratch);
  work.queries.Resize(count, queries_.outputs());
  queries_(work.states.data(), count, work.queries.data(), scratch);

  work.features.Resize(count, 2 * config_.hidden_size + 2 * config_.d_model);
  size_t places = 0;
  for (const DecoderRow& row : rows) places += PlaceCount(row);
  work.weights.resize(places);
  work.outputs.assign(count, RowOutput());
  float* weights = work.weights.data();
  for (int i = 0; i < count; ++i) {
    RowOutput& output = work.outputs[i];
    const auto take = [&weights](int n) {
      weights += n;
      return absl::Span<float>(weights - n, n);
    };
    output.memory_weights = take(rows[i].profile->keys.rows());
    output.copy_weights = take(rows[i].profile->words.rows());
    output.post_weights = take(config_.post_copy ? rows[i].post->word_count() : 0);
    Read(rows[i], work.queries.row(i), work.features.row(i), output);
    Gate(rows[i], work.features.row(i), output);
  }
  if (!logits) return;

  work.readout.Resize(count, config_.readout_size);
  readout_(work.features.data(), count, work.readout.data(), scratch);
  Tanh(work.readout.data(), count * config_.readout_size);
  work.logits.Resize(count, config_.vocab_size);
  work.largest.resize(count);
  output_(work.readout.data(), count, work.logits.data(), scratch, work.largest.data());
  for (int i = 0; i < count; ++i) {
    RowOutput& output = work.outputs[i];
    output.logits = work.logits.row(i);
    output.largest_logit = work.largest[i];
  }
}

void ServingDecoder::AdvanceStates(absl::Span<const DecoderRow> rows, Workspace& work, Scratch& scratch) const {
  const auto count = static_cast<int>(rows.size());
  const int d = config_.d_model, hidden = config_.hidden_size;
  work.embedded.Resize(count, d);
  work.states.Resize(count, hidden);
  work.gates_x.Resize(count, 3 * hidden);
  work.gates_h.Resize(count, 3 * hidden);
  for (int i = 0; i < count; ++i) {
    std::copy_n(token_embedding_.data_ptr<float>() + static_cast<int64_t>(rows[i].previous) * d, d,
                work.embedded.row(i));
    std::copy_n(rows[i].state, hidden, work.states.row(i));
  }
  gates_x_(work.embedded.data(), count, work.gates_x.data(), scratch);
  gates_h_(work.states.data(), count, work.gates_h.data(), scratch);
  for (int i = 0; i < count; ++i) {
    AdvanceGru(work.gates_x.row(i), work.gates_h.row(i), hidden, work.states.row(i));
    std::copy_n(work.states.row(i), hidden, rows[i].state);
  }
}

// Features [c ; s ; e ; m], and the weights of the three reads.
void ServingDecoder::Read(const DecoderRow& row, const float* queries, float* features, RowOutput& output) const {
  const int hidden = config_.hidden_size, d = config_.d_model;
  const float *post_query = queries, *memory_query = queries + hidden, *copy_query = memory_query + d;
  float *context = features, *state = context + hidden, *general = state + hidden, *dynamic = general + d;
  const float post_scale = 1.0f / std::sqrt(static_cast<float>(hidden));
  const int length = row.post->length();
  absl::InlinedVector<float, 256> attention(length);
  for (int i = 0; i < length; ++i) attention[i] = Dot(post_query, row.post->states.row(i), hidden);
  if (config_.post_copy) {
    std::copy_n(attention.data(), row.post->word_count(), output.post_weights.data());
    Softmax(output.post_weights.data(), post_scale, row.post->word_count());
  }
  Softmax(attention.data(), post_scale, length);
  std::fill_n(context, hidden, 0.0f);
  for (int i = 0; i < length; ++i) AddScaled(context, attention[i], row.post->states.row(i), hidden);

  std::copy_n(row.state, hidden, state);
  std::copy(row.profile->general.begin(), row.profile->general.end(), general);

  const float scale = 1.0f / std::sqrt(static_cast<float>(d));
  float* memory = output.memory_weights.data();
  row.profile->keys.Dot(memory_query, scale, memory);
  Softmax(memory, 1, row.profile->keys.rows());
  std::fill_n(dynamic, d, 0.0f);
  row.profile->values.AddWeighted(memory, dynamic);

  float* copies = output.copy_weights.data();
  row.profile->words.Dot(copy_query, scale, copies);
  Softmax(copies, 1, row.profile->words.rows());
}

void ServingDecoder::Gate(const DecoderRow& row, const float* features, RowOutput& output) const {
  const auto width = static_cast<int>(gate_weight_.size() / gate_bias_.size());
  const bool present[] = {true, row.profile->words.rows() > 0, config_.post_copy && row.post->word_count() > 0};
  float largest = kMinusInfinity;
  for (int source = 0; source < 3; ++source) {
    float& gate = output.log_gate[source];
    gate = present[source]
               ? gate_bias_[source] + Dot(gate_weight_.data() + static_cast<int64_t>(source) * width, features, width)
               : kMinusInfinity;
    largest = std::max(largest, gate);
  }
  float sum = 0;
  for (const float gate : output.log_gate) sum += std::exp(gate - largest);
  for (float& gate : output.log_gate) gate -= largest + std::log(sum);
}

std::vector<float> ServingDecoder::DynamicProfile(const CompactProfile& profile,
                                                  absl::Span<const float> memory_weights) {
  std::vector<float> dynamic(profile.general.size(), 0.0f);
  profile.values.AddWeighted(memory_weights.data(), dynamic.data());
  return dynamic;
}

}  // namespace idiolect
