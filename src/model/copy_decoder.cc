#include "model/copy_decoder.h"

#include <cmath>
#include <limits>

#include "text/tokenizer.h"

namespace idiolect {
namespace {

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

// Dot products of queries [B, T, k] with keys [G, M, k], scaled; the B / G rows of a key set lie together → [G, B/G·T,
// M].
at::Tensor GroupedScores(const at::Tensor& queries, const at::Tensor& keys) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(queries.size(-1)));
  return at::bmm(queries.reshape({keys.size(0), -1, queries.size(-1)}), keys.transpose(1, 2)) * scale;
}

// The opposite way: grouped weights [G, B/G·T, M] over values [G, M, k] → [B, T, k] for the shape of the queries.
at::Tensor GroupedSum(const at::Tensor& weights, const at::Tensor& values, const at::Tensor& queries) {
  return at::bmm(weights, values).view({queries.size(0), queries.size(1), values.size(-1)});
}

// One row a user or post, repeated for each of its rows: [G, …] → [rows, …].
at::Tensor RepeatRows(const at::Tensor& x, int64_t rows) {
  return x.size(0) == rows ? x : x.repeat_interleave(rows / x.size(0), 0);
}

// How much of the weights [B, T, M] lies on places whose id [G, M] is the target [B, T].
at::Tensor MassOnTargets(const at::Tensor& weights, const at::Tensor& ids, const at::Tensor& targets) {
  const at::Tensor hit = targets.reshape({ids.size(0), -1, 1}) == ids.unsqueeze(1);  // [G, B/G·T, M]
  return (weights.reshape(hit.sizes()) * hit).sum(-1).view(targets.sizes());
}

// log of a probability that may be 0, with a gradient that stays finite there.
at::Tensor SafeLog(const at::Tensor& p) {
  const at::Tensor log = p.clamp_min(std::numeric_limits<float>::min()).log();
  return log.masked_fill(p <= 0, kMinusInfinity);
}

}  // namespace

CopyDecoder::CopyDecoder(const ModelConfig& config, const Parameters& parameters)
    : config_(config),
      token_embedding_(parameters.at("token_embedding.weight")),
      output_weight_(parameters.at(config.tie_embeddings ? "token_embedding.weight" : "decoder.output.weight")),
      output_bias_(parameters.at("decoder.output.bias")),
      impossible_(at::zeros({config.vocab_size}, token_embedding_.options().requires_grad(false))),
      gru_(parameters, "decoder.gru"),
      bridge_(parameters, "decoder.bridge"),
      post_query_(parameters, "decoder.post_query"),
      memory_query_(parameters, "decoder.memory_query"),
      copy_query_(parameters, "decoder.copy_query"),
      readout_(parameters, "decoder.readout"),
      gate_(parameters, "decoder.gate") {
  for (int32_t id : {kPad, kBos, kCls}) impossible_[id].fill_(kMinusInfinity);
}

at::Tensor CopyDecoder::InitialState(const PostBatch& post, const at::Tensor& general) const {
  return at::tanh(bridge_(at::cat({post.summary, RepeatRows(general, post.summary.size(0))}, -1)));
}

at::Tensor CopyDecoder::States(const at::Tensor& tokens, const at::Tensor& state, const Dropout& dropout) const {
  return gru_.Sequence(dropout(Embed(token_embedding_, tokens)), state);
}

CopyDecoder::Queries CopyDecoder::Query(const at::Tensor& states) const {
  return {post_query_(states), memory_query_(states), copy_query_(states)};
}

CopyDecoder::Reads CopyDecoder::Read(const Queries& queries, const PostBatch& post, const ProfileBatch& profile) const {
  const int64_t rows = queries.post.size(0), steps = queries.post.size(1);
  const auto per_row = [&](const at::Tensor& weights) { return weights.view({rows, steps, weights.size(-1)}); };
  Reads reads;
  const at::Tensor post_scores = GroupedScores(queries.post, post.states);
  reads.context = GroupedSum(MaskedSoftmax(post_scores, post.mask.unsqueeze(1)), post.states, queries.post);
  reads.post_weights = per_row(config_.post_copy ? MaskedSoftmax(post_scores, post.word_mask.unsqueeze(1))
                                                 : post_scores.narrow(-1, 0, 0));
  const at::Tensor memory = MaskedSoftmax(GroupedScores(queries.memory, profile.keys), profile.pair_mask.unsqueeze(1));
  reads.dynamic = GroupedSum(memory, profile.values, queries.memory);
  reads.memory_weights = per_row(memory);
  reads.copy_weights =
      per_row(MaskedSoftmax(GroupedScores(queries.copy, profile.word_states), profile.word_mask.unsqueeze(1)));
  return reads;
}

at::Tensor CopyDecoder::Features(const at::Tensor& states, const at::Tensor& general, const Reads& reads) const {
  const at::Tensor e =
      RepeatRows(general, states.size(0)).unsqueeze(1).expand({states.size(0), states.size(1), general.size(-1)});
  return at::cat({reads.context, states, e, reads.dynamic}, -1);
}

at::Tensor CopyDecoder::AbsentSources(const PostBatch& post, const ProfileBatch& profile, int64_t rows) const {
  std::vector<at::Tensor> absent = {at::zeros({rows}, profile.word_mask.options()),
                                    RepeatRows(profile.word_mask.any(-1).logical_not(), rows)};
  if (config_.post_copy) absent.push_back(RepeatRows(post.word_mask.any(-1).logical_not(), rows));
  return at::stack(absent, -1);
}

at::Tensor CopyDecoder::Gate(const at::Tensor& features, const at::Tensor& absent) const {
  return at::log_softmax(gate_(features).masked_fill(absent, kMinusInfinity), -1);
}

at::Tensor CopyDecoder::GenerateLogProbs(const at::Tensor& features, const Dropout& dropout) const {
  // Masking the bias costs V operations, masking the logits would cost V a row.
  return at::log_softmax(at::linear(dropout(at::tanh(readout_(features))), output_weight_, output_bias_ + impossible_),
                         -1);
}

CopyDecoder::TargetScores CopyDecoder::Score(const PostBatch& post, const ProfileBatch& profile,
                                             const TokenBatch& targets, const Dropout& dropout) const {
  const int64_t rows = targets.batch_size(), steps = targets.width();
  const at::Tensor previous = at::cat(
      {at::full({rows, 1}, static_cast<int64_t>(kBos), targets.ids.options()), targets.ids.narrow(1, 0, steps - 1)}, 1);
  const at::Tensor states = States(previous, RepeatRows(InitialState(post, profile.general), rows), dropout);
  const Reads reads = Read(Query(states), post, profile);
  // From here on only real tokens: padding costs most where the vocabulary is.
  const at::Tensor real = targets.mask.view({-1}).nonzero().view({-1});
  const auto pick = [&](const at::Tensor& x) { return x.reshape({rows * steps, -1}).index_select(0, real); };
  const at::Tensor features = pick(Features(states, profile.general, reads));
  const at::Tensor absent =
      AbsentSources(post, profile, rows).unsqueeze(1).expand({rows, steps, config_.source_count()});
  const at::Tensor gate = Gate(features, pick(absent));
  const at::Tensor generated = GenerateLogProbs(features, dropout).gather(1, pick(targets.ids));
  std::vector<at::Tensor> sources = {generated,
                                     SafeLog(pick(MassOnTargets(reads.copy_weights, profile.word_ids, targets.ids)))};
  if (config_.post_copy) sources.push_back(SafeLog(pick(MassOnTargets(reads.post_weights, post.ids, targets.ids))));
  const at::Tensor log_probs = at::logsumexp(gate + at::cat(sources, 1), 1);
  return {log_probs, gate.select(1, 1).exp(), reads.memory_weights};
}

}  // namespace idiolect
