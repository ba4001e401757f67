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
    const size_t share = std::min<size_t>(list.size(), users / by_source.size() + 1);
    for (size_t i = 0; i < share; ++i) cases_.push_back({list[i], list[(i + 1) % list.size()]});
  }
}

Validation::Sum Validation::Score(const DhapModel& model, const Case& c, const HistoryTokens& window) const {
  std::vector<std::vector<int32_t>> posts, responses;
  for (size_t k = 0; k < TargetCount(*c.user); ++k) {
    posts.push_back(c.user->pairs[c.user->train_end + k].post);
    responses.push_back(c.user->pairs[c.user->train_end + k].response);
  }
  const auto scores = model.Score(model.profiles({window}, {}), posts, PadTokens(responses), {});
  return {-scores.log_probs.sum().item<double>(), scores.copy_probability.sum().item<double>(),
          scores.log_probs.size(0)};
}

ValidationResult Validation::Measure(const DhapModel& model) const {
  const NoGradients no_gradients;
  ValidationResult result;
  Sum own, other, none;
  const auto add = [](Sum& total, const Sum& s) {
    total.nats += s.nats;
    total.copy += s.copy;
    total.tokens += s.tokens;
  };
  const size_t n = model.config().max_history;
  for (const Case& c : cases_) {
    add(own, Score(model, c, c.user->Window(c.user->train_end, n)));
    add(other, Score(model, c, c.other->Window(c.other->train_end, n)));
    add(none, Score(model, c, {}));
    for (size_t k = 0; k < TargetCount(*c.user); ++k) result.words += c.user->pairs[c.user->train_end + k].words;
    result.examples += static_cast<int64_t>(TargetCount(*c.user));
  }
  const auto perplexity = [&](const Sum& s) {
    return std::exp(s.nats / static_cast<double>(std::max<int64_t>(result.words, 1)));
  };
  result.own = perplexity(own);
  result.other = perplexity(other);
  result.none = perplexity(none);
  result.copy_share = own.copy / static_cast<double>(std::max<int64_t>(own.tokens, 1));
  return result;
}

}  // namespace idiolect
