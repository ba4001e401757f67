// What the next token of a row may be: the decoder's three sources joined into one distribution over the vocabulary
// (docs/model.md), and the ways to choose from it. Nothing sorts or copies the vocabulary; see kernels/selection.h.
//
// Weights. P(w) is kept as a weight, up to a factor that all tokens share: e^(logit - largest logit) for what is
// generated, with the copies' mass added to the few tokens that can be copied.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "idiolect/reply.h"
#include "inference/serving_decoder.h"

namespace idiolect {

// A token that a reply should rather say, and how many times as probable it is taken to be: 1 to kLargestLift.
struct Lift {
  int32_t id;
  float factor;
};
inline constexpr double kLargestLift = 1e6;  // so that no weight leaves a float's range

// A stream of random numbers: one a draw.
struct Luck {
  uint64_t seed, candidate, step;
};

class TokenDistribution {
 public:
  // Memory that one distribution after the other uses.
  class Workspace {
   public:
    explicit Workspace(int vocab_size);
    // For a distribution that another one is compared with.
    Workspace& second();

   private:
    friend class TokenDistribution;
    int vocab_size_;
    FloatMatrix weights_;          // [1, V]
    std::vector<float> mass_;      // [V] zero between two uses
    std::vector<int32_t> copied_;  // ids with mass
    std::unique_ptr<Workspace> second_;
  };

  // The row and the workspace must outlive it.
  TokenDistribution(const DecoderRow& row, const RowOutput& output, Workspace& workspace);
  ~TokenDistribution();
  TokenDistribution(const TokenDistribution&) = delete;
  TokenDistribution& operator=(const TokenDistribution&) = delete;

  // log P(id), natural; before guidance, lifts, temperature, truncation and Forbid.
  double LogProb(int32_t id) const;

  // The id must not be chosen. Call before Guide and before choosing.
  void Forbid(int32_t id);
  // Leaves what is plausible, the ids with at least a tenth of the largest probability, with weights in proportion to
  // P^(1 + guidance) / P_anybody^guidance. The exponent follows Li et al., A Diversity-Promoting Objective Function for
  // Neural Conversation Models, NAACL 2016, eq. 9; the bound of plausibility Li et al., Contrastive Decoding, ACL 2023,
  // eq. 2 (without it the rarest tokens win). Call once.
  void Guide(const TokenDistribution& anybody, double guidance);
  // Takes the tokens of `lifts` that are not in `said` and have at least a tenth of the largest weight for as many
  // times as probable as their factor says. Call once, after Guide if at all.
  void Raise(absl::Span<const Lift> lifts, const std::vector<int32_t>& said);
  // The most probable id; of equals the smallest.
  int32_t MostProbable() const { return MostProbable(1).front(); }
  // The `count` most probable ones that are possible at all, best first.
  std::vector<int32_t> MostProbable(int count) const;
  // One id, by `options`' temperature, top_k and top_p in that order; greedy at temperature 0. Call once.
  int32_t Sample(const DecodingOptions& options, const Luck& luck);

 private:
  void CollectCopies();
  void AddCopies();
  void ApplyTemperature(double temperature);
  int32_t DrawFromNucleus(double top_p, const Luck& luck) const;
  float* weights() const { return workspace_.weights_.data(); }
  double CopiedMass(int32_t id) const { return workspace_.mass_[id]; }

  const DecoderRow& row_;
  const RowOutput& output_;
  Workspace& workspace_;
  double log_total_ = 0;   // of the generated weights: log Σ e^(logit - largest)
  double log_shrink_ = 0;  // by what all weights were made smaller
  double log_unit_ = 0;    // log P = log weight + log_unit_
  std::vector<int32_t> forbidden_;
  std::vector<int32_t> raised_;     // after Raise: ids with another weight than before
  std::vector<int32_t> plausible_;  // after Guide: the only ids with a weight
};

}  // namespace idiolect
