#include "train/validation.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "model/no_gradients.h"

namespace idiolect {
namespace {

constexpr size_t kTargetsPerUser = 6;

size_t TargetCount(const UserCorpus& user) { return std::min(kTargetsPerUser, user.valid_end - user.train_end); }

}  // namespace

Validation::Validation(const Corpus& corpus, int users, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::map<std::string, std::vector<const UserCorpus*>> by_source;
  for (const UserCorpus& user : corpus.users) {
    if (user.valid_end > user.train_end) by_source[user.source].push_back(&user);
  }
  for (auto& [source, list] : by_source) {
    std::shuffle(list.begin(), list.end(), random);
    // The same number of users from each source, as far as there are so many.
    const size_t share = (static_cast<size_t>(users) + by_source.size() - 1) / by_source.size();
    for (size_t i = 0; i < std::min(list.size(), share); ++i)
      cases_.push_back({list[i], list.size() > 1 ? list[(i + 1) % list.size()] : nullptr});
  }
}

void Validation::Sum::Add(const Sum& more) {
  nats += more.nats;
  copy += more.copy;
  tokens += more.tokens;
  words += more.words;
  examples += more.examples;
}

std::optional<double> Validation::Sum::Perplexity() const {
  return words > 0 ? std::optional(std::exp(nats / static_cast<double>(words))) : std::nullopt;
}

Validation::Sum Validation::Score(const DhapModel& model, const Case& c, const HistoryTokens& window) const {
  std::vector<std::vector<int32_t>> posts, responses;
  int64_t words = 0;
  for (size_t k = 0; k < TargetCount(*c.user); ++k) {
    const TokenPair& pair = c.user->pairs[c.user->train_end + k];
    posts.push_back(pair.post);
    responses.push_back(pair.response);
    words += pair.words;
  }
  const auto scores = model.Score(model.profiles({window}, {}), posts, PadTokens(responses), {});
  return {-scores.log_probs.sum().item<double>(), scores.copy_probability.sum().item<double>(),
          scores.log_probs.size(0), words, static_cast<int64_t>(posts.size())};
}

ValidationResult Validation::Measure(const DhapModel& model) const {
  const NoGradients no_gradients;
  Sum own, compared_own, other, none;
  const size_t n = model.config().max_history;
  for (const Case& c : cases_) {
    const Sum with_own = Score(model, c, c.user->Window(c.user->train_end, n));
    own.Add(with_own);
    none.Add(Score(model, c, {}));
    if (c.other == nullptr) continue;
    compared_own.Add(with_own);
    other.Add(Score(model, c, c.other->Window(c.other->train_end, n)));
  }
  ValidationResult result;
  result.own = own.Perplexity();
  result.other = other.Perplexity();
  result.none = none.Perplexity();
  if (own.tokens > 0) result.copy_share = own.copy / static_cast<double>(own.tokens);
  if (result.other) result.other_over_own = *result.other / *compared_own.Perplexity();
  result.examples = own.examples;
  result.words = own.words;
  result.compared_examples = other.examples;
  return result;
}

}  // namespace idiolect
