// What the profile is worth: per-word perplexity of held-out responses with the user's own history, with that of
// another user of the same source, and with none.
#pragma once

#include <optional>
#include <vector>

#include "model/dhap_model.h"
#include "train/corpus.h"

namespace idiolect {

// Empty is what there was nothing to measure by.
struct ValidationResult {
  std::optional<double> own, other, none;  // exp(nats / words)
  std::optional<double> copy_share;        // mean copy probability with the own history
  // `other` is of the examples whose user's source has another user who validates; so is the `own` that it is divided
  // by here.
  std::optional<double> other_over_own;
  int64_t examples = 0, words = 0, compared_examples = 0;
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
    const UserCorpus* other;  // null for who is alone in their source
  };
  struct Sum {
    double nats = 0, copy = 0;
    int64_t tokens = 0, words = 0, examples = 0;

    void Add(const Sum& more);
    std::optional<double> Perplexity() const;
  };
  Sum Score(const DhapModel& model, const Case& c, const HistoryTokens& window) const;

  std::vector<Case> cases_;
};

}  // namespace idiolect
