#include "engine/reply_decoding.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "engine/random.h"
#include "engine/sampler.h"

namespace idiolect {
namespace {

constexpr double kLeastSourceWeight = 0.001;

// log(e^a + e^b)
float LogAdd(float a, float b) {
  if (a < b) std::swap(a, b);
  return b == -std::numeric_limits<float>::infinity() ? a : a + std::log1p(std::exp(b - a));
}

}  // namespace

struct ReplyDecoding::Distribution {
  at::Tensor log_probs;      // [rows, V] contiguous: log P(w), all sources together
  at::Tensor gate;           // [rows, sources] log
  CopyDecoder::Reads reads;  // [rows, 1, …]

  absl::Span<float> row(int64_t r) const {
    return {log_probs.data_ptr<float>() + r * log_probs.size(1), static_cast<size_t>(log_probs.size(1))};
  }
};

ReplyDecoding::ReplyDecoding(const DhapModel& model, std::shared_ptr<const UserProfile> profile,
                             const std::string& post, const DecodingOptions& options, bool explain)
    : model_(model),
      profile_(std::move(profile)),
      options_(options),
      explain_(explain),
      beams_(options.beam_size > 1),
      max_tokens_(options.max_tokens == 0 ? model.config().max_response_tokens : options.max_tokens),
      profile_view_(ViewOf(*profile_)),
      post_(model.posts({model.PostIds(post)}, profile_view_.general, {})),
      absent_(model.decoder.AbsentSources(post_, profile_view_, 1)) {
  const int rows = beams_ ? 1 : options.candidate_count;  // beams fan out at the first step
  states_ = model.decoder.InitialState(post_, profile_view_.general).repeat({rows, 1});
  for (int i = 0; i < rows; ++i) live_.emplace_back().candidate = i;
}

void ReplyDecoding::Step() {
  Distribution distribution = Advance();
  ++step_;
  Extend(beams_ ? ChooseBeams(distribution) : Choose(distribution), distribution);
}

ReplyDecoding::Distribution ReplyDecoding::Advance() {
  const CopyDecoder& decoder = model_.decoder;
  std::vector<int64_t> previous;
  for (const Hypothesis& h : live_) previous.push_back(h.tokens.empty() ? kBos : h.tokens.back());
  states_ = decoder.NextState(LongTensor(previous, {live_rows()}), states_);
  const at::Tensor states = states_.unsqueeze(1);
  Distribution d;
  d.reads = decoder.Read(decoder.Query(states), post_, profile_view_);
  const at::Tensor features = decoder.Features(states, profile_view_.general, d.reads).squeeze(1);
  d.gate = decoder.Gate(features, absent_).contiguous();
  d.log_probs = (d.gate.narrow(1, 0, 1) + decoder.GenerateLogProbs(features, {})).contiguous();
  for (int64_t row = 0; row < live_rows(); ++row) {
    AddCopies(d.gate[row][1], d.reads.copy_weights[row][0], profile_view_.word_ids, row, d);
    if (model_.config().post_copy) AddCopies(d.gate[row][2], d.reads.post_weights[row][0], post_.ids, row, d);
    ForbidRepeatedNgrams(live_[row].tokens, options_.no_repeat_ngram_size, d.row(row));
  }
  return d;
}

// P(w) += p_source · Σ over the places of w of their weight. Few ids take part, so the vocabulary is not touched as a
// whole.
void ReplyDecoding::AddCopies(const at::Tensor& log_gate, const at::Tensor& weights, const at::Tensor& ids, int64_t row,
                              Distribution& d) const {
  std::map<int64_t, float> mass;
  const at::Tensor place_weights = weights.contiguous();
  for (int64_t j = 0; j < place_weights.numel(); ++j) {
    const float weight = place_weights.data_ptr<float>()[j];
    if (weight > 0) mass[ids.data_ptr<int64_t>()[j]] += weight;
  }
  const auto gate = log_gate.item<float>();
  const absl::Span<float> log_probs = d.row(row);
  for (const auto& [id, weight] : mass) log_probs[id] = LogAdd(log_probs[id], gate + std::log(weight));
}

std::vector<ReplyDecoding::Extension> ReplyDecoding::Choose(Distribution& distribution) {
  std::vector<Extension> extensions;
  for (int64_t row = 0; row < live_rows(); ++row) {
    const absl::Span<const float> log_probs = distribution.row(row);
    const int32_t token = Sample(log_probs, options_, UniformAt(options_.seed, live_[row].candidate, step_));
    extensions.push_back({row, token, log_probs[token]});
  }
  return extensions;
}

// The best extensions of all beams together: enough that, if every beam also ended here, beam_size of them go on.
std::vector<ReplyDecoding::Extension> ReplyDecoding::ChooseBeams(Distribution& distribution) const {
  std::vector<Extension> all;
  for (int64_t row = 0; row < live_rows(); ++row) {
    const absl::Span<const float> log_probs = distribution.row(row);
    for (int32_t token : TopIds(log_probs, options_.beam_size + 1)) all.push_back({row, token, log_probs[token]});
  }
  std::stable_sort(all.begin(), all.end(), [&](const Extension& a, const Extension& b) {
    return live_[a.row].logprob + a.logprob > live_[b.row].logprob + b.logprob;
  });
  std::vector<Extension> chosen;
  int going_on = 0;
  for (const Extension& extension : all) {
    if (going_on == options_.beam_size) break;
    going_on += extension.token != kEos;
    chosen.push_back(extension);
  }
  return chosen;
}

void ReplyDecoding::Extend(const std::vector<Extension>& extensions, const Distribution& distribution) {
  std::vector<Hypothesis> next;
  std::vector<int64_t> parents;
  for (const Extension& extension : extensions) {
    Hypothesis h = live_[extension.row];
    h.logprob += extension.logprob;
    if (extension.token == kEos) {
      finished_.push_back(std::move(h));
      continue;
    }
    if (explain_) h.explanation.push_back(Explain(distribution, extension));
    h.tokens.push_back(extension.token);
    if (step_ == max_tokens_) {
      h.finish_reason = FinishReason::kMaxTokens;
      finished_.push_back(std::move(h));
      continue;
    }
    parents.push_back(extension.row);
    next.push_back(std::move(h));
  }
  live_ = std::move(next);
  if (beams_ && BeamsSettled()) live_.clear();
  if (!live_.empty()) states_ = states_.index_select(0, LongTensor(parents, {live_rows()}));
}

// With log-probabilities that only fall, a live beam can't overtake once enough finished ones are better than it is
// now. Under a length penalty a longer text may still rank higher, so then the search goes on to its end.
bool ReplyDecoding::BeamsSettled() const {
  const auto wanted = static_cast<size_t>(options_.beam_size);
  if (finished_.size() < wanted || live_.empty() || options_.length_penalty != 0) return false;
  std::vector<double> scores;
  for (const Hypothesis& h : finished_) scores.push_back(h.logprob);
  std::nth_element(scores.begin(), scores.begin() + static_cast<std::ptrdiff_t>(wanted - 1), scores.end(),
                   std::greater<>());
  return std::all_of(live_.begin(), live_.end(), [&](const Hypothesis& h) { return h.logprob <= scores[wanted - 1]; });
}

TokenExplanation ReplyDecoding::Explain(const Distribution& d, const Extension& extension) const {
  TokenExplanation explanation;
  explanation.text = model_.tokenizer().PieceText(extension.token);
  explanation.logprob = extension.logprob;
  const float* gate = d.gate.data_ptr<float>() + extension.row * d.gate.size(1);
  explanation.copy_probability = std::exp(gate[1]);
  if (d.gate.size(1) == 3) explanation.post_copy_probability = std::exp(gate[2]);
  const at::Tensor weights = d.reads.copy_weights[extension.row][0].contiguous();
  std::map<int32_t, double> by_pair;
  for (int j = 0; j < profile_->word_count(); ++j) {
    if (profile_->word_ids[j] == extension.token) by_pair[profile_->word_pairs[j]] += weights.data_ptr<float>()[j];
  }
  for (const auto& [pair, weight] : by_pair) {
    const double share = std::min(1.0, std::exp(gate[1] + std::log(weight) - extension.logprob));
    if (share >= kLeastSourceWeight) explanation.sources.push_back({profile_->pair_sequences[pair], share});
  }
  std::stable_sort(explanation.sources.begin(), explanation.sources.end(),
                   [](const CopySource& a, const CopySource& b) { return a.weight > b.weight; });
  return explanation;
}

double ReplyDecoding::Rank(const Hypothesis& h) const {
  const double length = static_cast<double>(h.tokens.size()) + (h.finish_reason == FinishReason::kEndOfText ? 1 : 0);
  return h.logprob / std::pow((5 + length) / 6, options_.length_penalty);
}

std::string ReplyDecoding::StableText() const {
  if (beams_ || options_.candidate_count > 1) return "";
  return done() ? model_.tokenizer().Decode(finished_[0].tokens) : model_.tokenizer().DecodeStable(live_[0].tokens);
}

std::vector<ReplyCandidate> ReplyDecoding::Candidates() const {
  std::vector<const Hypothesis*> order;
  for (const Hypothesis& h : finished_) order.push_back(&h);
  std::stable_sort(order.begin(), order.end(), [&](const Hypothesis* a, const Hypothesis* b) {
    const double left = beams_ ? Rank(*a) : a->logprob, right = beams_ ? Rank(*b) : b->logprob;
    return left != right ? left > right : a->candidate < b->candidate;
  });
  order.resize(std::min<size_t>(order.size(), options_.candidate_count));
  std::vector<ReplyCandidate> candidates;
  for (const Hypothesis* h : order) {
    candidates.push_back(
        {model_.tokenizer().Decode(h->tokens), h->tokens, h->logprob, h->finish_reason, h->explanation});
  }
  return candidates;
}

}  // namespace idiolect
