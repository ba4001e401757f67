// What the profile is worth: per-word perplexity of held-out responses with the user's own history, with that of
// another user of the same source, and with none.
#pragma once

#include <vector>

#include "model/dhap_model.h"
#include "train/corpus.h"

namespace idiolect {

struct ValidationResult {
  double own = 0, other = 0, none = 0;  // exp(nats / words)
  double copy_share = 0;                // mean copy probability with the own history
  int64_t examples = 0, words = 0;
};

// A seeded choice of validation users, fixed for a run so that its values can be compared. Users who have no validation
// exchange are passed over; each one chosen gives up to 6 consecutive responses.
class Validation {
 public:
  // `corpus` must outlive it.
  Validation(const Corpus& corpus, int users, uint64_t seed);
  ValidationResult Measure(const DhapModel& model) const;

 private:
  struct Case {
    const UserCorpus* user;
    const UserCorpus* other;
  };
  struct Sum {
    double nats = 0, copy = 0;
    int64_t tokens = 0;
  };
  Sum Score(const DhapModel& model, const Case& c, const HistoryTokens& window) const;

  std::vector<Case> cases_;
};

}  // namespace idiolect
