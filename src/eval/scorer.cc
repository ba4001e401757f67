#include "eval/scorer.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "text/tokenizer.h"

namespace idiolect {
namespace {

constexpr size_t kMostRows = 128;  // of a step: more are no faster, and their logits leave the caches

// A response on its way through the decoder.
struct Line {
  const ScoreItem* item;
  std::shared_ptr<const EncodedPost> post;
  std::vector<float> state;
  std::vector<double>* log_probs;
  int32_t target(size_t step) const { return (*item->response)[step]; }
  int32_t previous(size_t step) const { return step == 0 ? kBos : target(step - 1); }
};

}  // namespace

Scorer::Scorer(const ServingModel& model) : model_(model), distribution_(model.config().vocab_size) {}

std::vector<ProfilePtr> Scorer::Profiles(const std::vector<HistoryTokens>& windows) {
  std::vector<ProfileInput> inputs;
  for (const HistoryTokens& window : windows) {
    std::vector<int64_t> sequences;
    for (size_t i = 0; i < window.size(); ++i) sequences.push_back(static_cast<int64_t>(i) + 1);
    inputs.push_back({window, 0, 0, std::move(sequences), nullptr});
  }
  return model_.profiles(inputs, scratch_);
}

std::vector<std::vector<double>> Scorer::TokenLogProbs(absl::Span<const ScoreItem> items) {
  std::vector<std::vector<double>> log_probs(items.size());
  for (size_t i = 0; i < items.size(); i += kMostRows)
    ScoreChunk(items.subspan(i, kMostRows), absl::MakeSpan(log_probs).subspan(i, kMostRows));
  return log_probs;
}

std::vector<double> Scorer::LogProbs(absl::Span<const ScoreItem> items) {
  std::vector<double> sums;
  for (const auto& tokens : TokenLogProbs(items)) sums.push_back(std::accumulate(tokens.begin(), tokens.end(), 0.0));
  return sums;
}

void Scorer::ScoreChunk(absl::Span<const ScoreItem> items, absl::Span<std::vector<double>> log_probs) {
  // A post that several responses answer for the same user is encoded once.
  std::map<std::pair<const CompactProfile*, const std::vector<int32_t>*>, size_t> places;
  std::vector<PostInput> posts;
  for (const ScoreItem& item : items) {
    if (places.emplace(std::pair(item.profile, item.post), posts.size()).second)
      posts.push_back({*item.post, item.profile});
  }
  const auto encoded = model_.posts(posts, scratch_);
  std::vector<Line> lines;
  for (size_t i = 0; i < items.size(); ++i) {
    const auto& post = encoded[places.at({items[i].profile, items[i].post})];
    lines.push_back({&items[i], post, post->initial_state, &log_probs[i]});
  }
  for (size_t step = 0; !lines.empty(); ++step) {
    std::vector<DecoderRow> rows;
    for (Line& line : lines)
      rows.push_back({line.item->profile, line.post.get(), line.previous(step), line.state.data()});
    model_.decoder.Step(rows, work_, scratch_);
    for (size_t i = 0; i < lines.size(); ++i)
      lines[i].log_probs->push_back(
          TokenDistribution(rows[i], work_.outputs[i], distribution_).LogProb(lines[i].target(step)));
    std::erase_if(lines, [&](const Line& line) { return step + 1 == line.item->response->size(); });
  }
}

ReplyCondition Scorer::Condition(const ProfilePtr& profile, const std::vector<int32_t>& post) {
  return {profile, model_.posts({{post, profile.get()}}, scratch_)[0]};
}

ReplyCandidate Scorer::Reply(const ProfilePtr& profile, const std::vector<int32_t>& post, const ProfilePtr& nobody,
                             const DecodingOptions& options) {
  const ReplyCondition anybody =
      options.guidance > 0 ? Condition(nobody, model_.texts().PostIds("")) : ReplyCondition{};
  ReplyDecoding decoding(model_, Condition(profile, post), anybody, options, /*explain=*/true);
  while (!decoding.done()) {
    std::vector<DecoderRow> rows;
    decoding.AddRows(rows);
    model_.decoder.Step(rows, work_, scratch_);
    decoding.OnStep(rows, work_.outputs, distribution_);
  }
  return decoding.Candidates().at(0);
}

std::vector<int32_t> Scorer::ReplyWithCache(const ProfilePtr& nobody, const std::vector<int32_t>& post,
                                            const UnigramCache& cache) {
  const ReplyCondition condition = Condition(nobody, post);
  std::vector<float> state = condition.post->initial_state;
  std::vector<int32_t> reply;
  while (static_cast<int>(reply.size()) < model_.config().max_response_tokens) {
    const DecoderRow row = {nobody.get(), condition.post.get(), reply.empty() ? kBos : reply.back(), state.data()};
    model_.decoder.Step({&row, 1}, work_, scratch_);
    const int32_t next = MostProbable(row, cache);
    if (next == kEos) break;
    reply.push_back(next);
  }
  return reply;
}

// Among all tokens that the cache does not have, none is above the model's own first.
int32_t Scorer::MostProbable(const DecoderRow& row, const UnigramCache& cache) {
  const TokenDistribution distribution(row, work_.outputs[0], distribution_);
  int32_t best = distribution.MostProbable();
  double best_score = cache.LogProb(best, distribution.LogProb(best));
  for (const auto& [id, count] : cache.counts()) {
    const double score = cache.LogProb(id, distribution.LogProb(id));
    if (score < best_score || (score == best_score && id >= best)) continue;
    best = id;
    best_score = score;
  }
  return best;
}

}  // namespace idiolect
