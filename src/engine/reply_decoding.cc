#include "engine/reply_decoding.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "inference/own_words.h"

namespace idiolect {
namespace {

constexpr double kLeastSourceWeight = 0.001;
const double kLogHalf = std::log(0.5);

std::vector<Lift> LiftsOf(const ServingModel& model, const CompactProfile& profile, double word_guidance) {
  std::vector<Lift> lifts;
  if (word_guidance == 0) return lifts;
  for (const OwnWord& word : OwnWords(profile, model.texts(), model.word_evidence))
    lifts.push_back({word.id, static_cast<float>(std::min(std::exp(word_guidance * word.lift), kLargestLift))});
  return lifts;
}

}  // namespace

ReplyDecoding::ReplyDecoding(const ServingModel& model, ReplyCondition own, ReplyCondition anybody,
                             const DecodingOptions& options, bool explain)
    : model_(model),
      own_(std::move(own)),
      anybody_(std::move(anybody)),
      options_(options),
      lifts_(LiftsOf(model, *own_.profile, options.word_guidance)),
      explain_(explain),
      beams_(options.beam_size > 1),
      guided_(options.guidance > 0),
      max_tokens_(options.max_tokens == 0 ? model.config().max_response_tokens : options.max_tokens) {
  const int rows = beams_ ? 1 : options.candidate_count;  // beams fan out at the first step
  for (int i = 0; i < rows; ++i) {
    Hypothesis& hypothesis = live_.emplace_back();
    hypothesis.state = own_.post->initial_state;
    if (guided_) hypothesis.anybody_state = anybody_.post->initial_state;
    hypothesis.candidate = i;
  }
}

void ReplyDecoding::AddRows(std::vector<DecoderRow>& rows) {
  for (Hypothesis& h : live_) {
    const int32_t previous = h.tokens.empty() ? kBos : h.tokens.back();
    rows.push_back({own_.profile.get(), own_.post.get(), previous, h.state.data()});
    if (guided_) rows.push_back({anybody_.profile.get(), anybody_.post.get(), previous, h.anybody_state.data()});
  }
}

void ReplyDecoding::OnStep(absl::Span<const DecoderRow> rows, absl::Span<const RowOutput> outputs,
                           TokenDistribution::Workspace& workspace) {
  ++step_;
  std::vector<Extension> extensions;
  const size_t rows_each = guided_ ? 2 : 1;
  for (size_t i = 0; i < live_.size(); ++i) AddExtensions(i, i * rows_each, rows, outputs, workspace, extensions);
  if (beams_) KeepBestBeams(extensions);
  Extend(extensions);
}

void ReplyDecoding::AddExtensions(size_t hypothesis, size_t first, absl::Span<const DecoderRow> rows,
                                  absl::Span<const RowOutput> outputs, TokenDistribution::Workspace& workspace,
                                  std::vector<Extension>& extensions) const {
  const RowOutput& output = outputs[first];
  TokenDistribution distribution(rows[first], output, workspace);
  ForbidRepeatedNgrams(live_[hypothesis].tokens, distribution);
  if (guided_) {
    const TokenDistribution anybody(rows[first + 1], outputs[first + 1], workspace.second());
    distribution.Guide(anybody, options_.guidance);
  }
  if (!lifts_.empty()) distribution.Raise(lifts_, live_[hypothesis].tokens);
  for (const int32_t token : ChooseTokens(live_[hypothesis], distribution)) {
    const double logprob = distribution.LogProb(token);
    extensions.push_back({hypothesis, token, logprob, output.log_gate[1] > kLogHalf, {}});
    if (explain_) extensions.back().explanation = Explain(output, token, logprob);
  }
}

// An n-gram is repeated when the tail of n - 1 tokens has been there before: then what followed it may not follow
// again.
void ReplyDecoding::ForbidRepeatedNgrams(const std::vector<int32_t>& tokens, TokenDistribution& distribution) const {
  const int n = options_.no_repeat_ngram_size, size = static_cast<int>(tokens.size());
  if (n == 0 || size < n) return;
  const auto tail = tokens.end() - (n - 1);
  for (int start = 0; start + n <= size; ++start) {
    if (std::equal(tail, tokens.end(), tokens.begin() + start)) distribution.Forbid(tokens[start + n - 1]);
  }
}

// One token, or with beams as many as could all be needed: if every beam also ended here, beam_size of them go on.
std::vector<int32_t> ReplyDecoding::ChooseTokens(const Hypothesis& hypothesis, TokenDistribution& distribution) const {
  if (beams_) return distribution.MostProbable(options_.beam_size + 1);
  return {distribution.Sample(options_, {.seed = options_.seed,
                                         .candidate = static_cast<uint64_t>(hypothesis.candidate),
                                         .step = static_cast<uint64_t>(step_)})};
}

// The best extensions of all beams together: those that end, and beam_size that go on.
void ReplyDecoding::KeepBestBeams(std::vector<Extension>& extensions) const {
  std::stable_sort(extensions.begin(), extensions.end(), [&](const Extension& a, const Extension& b) {
    return live_[a.hypothesis].logprob + a.logprob > live_[b.hypothesis].logprob + b.logprob;
  });
  int going_on = 0;
  size_t kept = 0;
  while (kept < extensions.size() && going_on < options_.beam_size) going_on += extensions[kept++].token != kEos;
  extensions.resize(kept);
}

void ReplyDecoding::Extend(const std::vector<Extension>& extensions) {
  std::vector<Hypothesis> next;
  for (const Extension& extension : extensions) {
    Hypothesis h = live_[extension.hypothesis];
    h.logprob += extension.logprob;
    if (extension.token == kEos) {
      finished_.push_back(std::move(h));
      continue;
    }
    if (explain_) h.explanation.push_back(extension.explanation);
    h.tokens.push_back(extension.token);
    h.copied += extension.copied;
    if (step_ == max_tokens_) {
      h.finish_reason = FinishReason::kMaxTokens;
      finished_.push_back(std::move(h));
      continue;
    }
    next.push_back(std::move(h));
  }
  live_ = std::move(next);
  if (beams_ && BeamsSettled()) live_.clear();
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

TokenExplanation ReplyDecoding::Explain(const RowOutput& output, int32_t token, double logprob) const {
  TokenExplanation explanation;
  explanation.text = model_.texts().tokenizer().PieceText(token);
  explanation.logprob = logprob;
  explanation.copy_probability = std::exp(output.log_gate[1]);
  explanation.post_copy_probability = std::exp(output.log_gate[2]);
  std::map<int, double> by_pair;
  for (size_t j = 0; j < output.copy_weights.size(); ++j) {
    if (own_.profile->word_ids[j] == token) by_pair[own_.profile->word_pairs[j]] += output.copy_weights[j];
  }
  for (const auto& [pair, weight] : by_pair) {
    const double share = std::min(1.0, std::exp(output.log_gate[1] + std::log(weight) - logprob));
    if (share >= kLeastSourceWeight) explanation.sources.push_back({own_.profile->pair_sequences[pair], share});
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
  return done() ? model_.texts().tokenizer().Decode(finished_[0].tokens)
                : model_.texts().tokenizer().DecodeStable(live_[0].tokens);
}

std::vector<const ReplyDecoding::Hypothesis*> ReplyDecoding::Ranked() const {
  std::vector<const Hypothesis*> order;
  for (const Hypothesis& h : finished_) order.push_back(&h);
  std::stable_sort(order.begin(), order.end(), [&](const Hypothesis* a, const Hypothesis* b) {
    const double left = beams_ ? Rank(*a) : a->logprob, right = beams_ ? Rank(*b) : b->logprob;
    return left != right ? left > right : a->candidate < b->candidate;
  });
  order.resize(std::min<size_t>(order.size(), options_.candidate_count));
  return order;
}

std::vector<ReplyCandidate> ReplyDecoding::Candidates() const {
  std::vector<ReplyCandidate> candidates;
  for (const Hypothesis* h : Ranked()) {
    candidates.push_back(
        {model_.texts().tokenizer().Decode(h->tokens), h->tokens, h->logprob, h->finish_reason, h->explanation});
  }
  return candidates;
}

}  // namespace idiolect
