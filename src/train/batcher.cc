#include "train/batcher.h"

#include <algorithm>
#include <cmath>

namespace idiolect {
namespace {

// The standard's distributions differ between libraries; these two are fixed by their text.
double Unit(std::mt19937_64& random) { return static_cast<double>(random() >> 11) * 0x1.0p-53; }
size_t Below(size_t bound, std::mt19937_64& random) {
  return static_cast<size_t>(Unit(random) * static_cast<double>(bound));
}

}  // namespace

Batcher::Batcher(const Corpus& corpus, const TrainOptions& options) : corpus_(corpus), options_(options) {
  double total = 0;
  cumulative_weights_.push_back(total);
  for (const UserCorpus& user : corpus.users) {
    total += std::pow(static_cast<double>(user.train_end), options.user_sampling_power);
    cumulative_weights_.push_back(total);
  }
}

TrainBatch Batcher::BatchOf(int64_t step) const {
  std::seed_seq seed{options_.seed, options_.seed >> 32, static_cast<uint64_t>(step),
                     static_cast<uint64_t>(step) >> 32};
  std::mt19937_64 random(seed);
  TrainBatch batch;
  batch.block = options_.has_contrast() ? options_.contrast_windows : 1;
  for (int64_t g = 0; g < options_.groups; ++g) {
    batch.users.push_back(g % batch.block == 0 ? DrawUser(random) : DrawFellow(batch.users.back(), random));
    AddGroup(corpus_.users[batch.users.back()], random, batch);
  }
  return batch;
}

size_t Batcher::DrawUser(std::mt19937_64& random) const { return DrawFrom(0, corpus_.users.size(), random); }

size_t Batcher::DrawFellow(size_t user, std::mt19937_64& random) const {
  // The corpus is sorted by source.
  const auto [begin, end] =
      std::equal_range(corpus_.users.begin(), corpus_.users.end(), corpus_.users[user],
                       [](const UserCorpus& a, const UserCorpus& b) { return a.source < b.source; });
  return DrawFrom(begin - corpus_.users.begin(), end - corpus_.users.begin(), random);
}

size_t Batcher::DrawFrom(size_t begin, size_t end, std::mt19937_64& random) const {
  const double low = cumulative_weights_[begin], high = cumulative_weights_[end];
  const double at = low + Unit(random) * (high - low);
  const auto first = cumulative_weights_.begin() + static_cast<std::ptrdiff_t>(begin) + 1;
  const auto chosen = std::upper_bound(first, cumulative_weights_.begin() + static_cast<std::ptrdiff_t>(end), at);
  return chosen - cumulative_weights_.begin() - 1;
}

void Batcher::AddGroup(const UserCorpus& user, std::mt19937_64& random, TrainBatch& batch) const {
  const size_t targets = options_.targets;
  // A start near the end would leave a group half empty: step back, as far as the user's history allows.
  const size_t last_start = user.train_end > targets ? user.train_end - targets : 0;
  const size_t start =
      std::min(Below(user.train_end, random),
               std::max<size_t>(last_start, std::min<size_t>(user.train_end / 2, options_.model.max_history)));
  batch.windows.push_back(DrawWindow(user, start, random));
  for (size_t k = 0; k < targets; ++k) {
    const bool real = start + k < user.train_end;
    const TokenPair& pair = user.pairs[real ? start + k : start];
    const bool silent = Unit(random) < options_.no_post_rate;
    batch.posts.push_back(silent || !real ? std::vector<int32_t>{kEos} : pair.post);
    batch.responses.push_back(real ? pair.response : std::vector<int32_t>{kEos});
    batch.real.push_back(real);
    batch.real_rows += real;
  }
}

HistoryTokens Batcher::DrawWindow(const UserCorpus& user, size_t start, std::mt19937_64& random) const {
  const double kind = Unit(random);
  size_t count = options_.model.max_history;
  if (kind < options_.no_history_rate)
    count = 0;
  else if (kind < options_.no_history_rate + options_.short_history_rate)
    count = Below(count + 1, random);
  return user.Window(start, count);
}

}  // namespace idiolect
