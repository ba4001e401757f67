// Draws training batches. The batch of a step depends on the seed and the step alone, so a resumed run sees what the
// uninterrupted one would have seen.
#pragma once

#include <random>
#include <vector>

#include "train/corpus.h"
#include "train/train_options.h"

namespace idiolect {

// `groups` windows, each with the same number of targets: row b belongs to window b / (rows / windows).
struct TrainBatch {
  std::vector<HistoryTokens> windows;
  std::vector<std::vector<int32_t>> posts, responses;
  std::vector<bool> real;  // rows that fill up a short group count for nothing
  int64_t real_rows = 0;
  // For contrast: windows stand in blocks of so many of the same source, and this is the user of each.
  int64_t block = 1;
  std::vector<size_t> users;

  int64_t targets() const { return static_cast<int64_t>(posts.size() / windows.size()); }  // of a window
};

class Batcher {
 public:
  // `corpus` and `options` must outlive the batcher.
  Batcher(const Corpus& corpus, const TrainOptions& options);
  TrainBatch BatchOf(int64_t step) const;

 private:
  size_t DrawUser(std::mt19937_64& random) const;
  size_t DrawFellow(size_t user, std::mt19937_64& random) const;  // of the same source; may be the user
  size_t DrawFrom(size_t begin, size_t end, std::mt19937_64& random) const;
  void AddGroup(const UserCorpus& user, std::mt19937_64& random, TrainBatch& batch) const;
  HistoryTokens DrawWindow(const UserCorpus& user, size_t start, std::mt19937_64& random) const;

  const Corpus& corpus_;
  const TrainOptions& options_;
  std::vector<double> cumulative_weights_;  // over the users, from 0: one more than there are users
};

}  // namespace idiolect
