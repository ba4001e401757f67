#include "engine/token_distribution.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/random.h"
#include "kernels/selection.h"
#include "kernels/vector_math.h"
#include "text/tokenizer.h"

namespace idiolect {
namespace {

constexpr float kPlausible = 0.1F;  // of the largest weight
constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

// log(e^a + e^b)
double LogAdd(double a, double b) {
  if (a < b) std::swap(a, b);
  return b == kMinusInfinity ? a : a + std::log1p(std::exp(b - a));
}

}  // namespace

TokenDistribution::Workspace::Workspace(int vocab_size) : vocab_size_(vocab_size), mass_(vocab_size, 0.0f) {
  weights_.Resize(1, vocab_size);
}

TokenDistribution::Workspace& TokenDistribution::Workspace::second() {
  if (second_ == nullptr) second_ = std::make_unique<Workspace>(vocab_size_);
  return *second_;
}

TokenDistribution::TokenDistribution(const DecoderRow& row, const RowOutput& output, Workspace& workspace)
    : row_(row), output_(output), workspace_(workspace) {
  log_total_ = std::log(ExpSum(output.logits, output.largest_logit, 1, workspace.vocab_size_, weights()));
  log_unit_ = output.log_gate[0] - log_total_;
  CollectCopies();
  AddCopies();
}

TokenDistribution::~TokenDistribution() {
  for (const int32_t id : workspace_.copied_) workspace_.mass_[id] = 0;
  workspace_.copied_.clear();
}

// mass[w] = P(w is copied), from the history or the post.
void TokenDistribution::CollectCopies() {
  const auto collect = [this](float log_gate, absl::Span<const float> weights, const std::vector<int32_t>& ids) {
    const float gate = std::exp(log_gate);
    for (size_t j = 0; j < weights.size(); ++j) {
      const float share = gate * weights[j];
      if (!(share > 0)) continue;
      float& mass = workspace_.mass_[ids[j]];
      if (mass == 0) workspace_.copied_.push_back(ids[j]);
      mass += share;
    }
  };
  collect(output_.log_gate[1], output_.copy_weights, row_.profile->word_ids);
  collect(output_.log_gate[2], output_.post_weights, row_.post->ids);
}

void TokenDistribution::AddCopies() {
  // Where almost nothing is generated a copy's weight would leave a float's range: then all weights are made smaller.
  constexpr double kLargestLog = 60;  // with kLargestLift below a float's 88
  if (!workspace_.copied_.empty() && -log_unit_ > kLargestLog) {
    log_shrink_ = kLargestLog + log_unit_;
    const auto factor = static_cast<float>(std::exp(log_shrink_));
    for (int i = 0; i < workspace_.vocab_size_; ++i) weights()[i] *= factor;
    log_unit_ -= log_shrink_;
  }
  const auto unit = static_cast<float>(std::exp(-log_unit_));
  for (const int32_t id : workspace_.copied_) weights()[id] += unit * workspace_.mass_[id];
}

double TokenDistribution::LogProb(int32_t id) const {
  const double generated = output_.logits[id] - output_.largest_logit - log_total_ + output_.log_gate[0];
  return CopiedMass(id) > 0 ? LogAdd(generated, std::log(CopiedMass(id))) : generated;
}

void TokenDistribution::Forbid(int32_t id) {
  weights()[id] = 0;
  forbidden_.push_back(id);
}

void TokenDistribution::Guide(const TokenDistribution& anybody, double guidance) {
  const int n = workspace_.vocab_size_;
  const float largest = Max(weights(), n);
  if (largest == 0) return;  // everything is forbidden
  std::vector<double> scores;
  for (int32_t id = 0; id < n; ++id) {
    if (weights()[id] < kPlausible * largest) continue;
    const double own = LogProb(id);
    plausible_.push_back(id);
    scores.push_back(own + guidance * (own - anybody.LogProb(id)));
  }
  std::fill_n(weights(), n, 0.0F);
  const double best = *std::max_element(scores.begin(), scores.end());
  for (size_t i = 0; i < scores.size(); ++i) weights()[plausible_[i]] = static_cast<float>(std::exp(scores[i] - best));
}

void TokenDistribution::Raise(absl::Span<const Lift> lifts, const std::vector<int32_t>& said) {
  const float plausible = kPlausible * Max(weights(), workspace_.vocab_size_);
  if (plausible == 0) return;  // everything is forbidden
  for (const Lift& lift : lifts) {
    if (weights()[lift.id] < plausible || std::find(said.begin(), said.end(), lift.id) != said.end()) continue;
    weights()[lift.id] *= lift.factor;
    raised_.push_back(lift.id);
  }
}

std::vector<int32_t> TokenDistribution::MostProbable(int count) const {
  std::vector<int32_t> ids;
  for (const Place& place : FirstPlaces(weights(), workspace_.vocab_size_, count)) ids.push_back(place.index);
  if (ids.empty()) ids.push_back(kEos);
  return ids;
}

int32_t TokenDistribution::Sample(const DecodingOptions& options, const Luck& luck) {
  if (options.temperature == 0) return MostProbable();
  if (options.temperature != 1) ApplyTemperature(options.temperature);
  const int n = workspace_.vocab_size_;
  if (options.top_k > 0) {
    const Place last = KthPlace(weights(), n, options.top_k);
    if (last.weight > 0) KeepUpTo(weights(), n, last);
  }
  return DrawFromNucleus(options.top_p, luck);
}

// weight → weight^(1/T), relative to the largest, so that nothing overflows.
void TokenDistribution::ApplyTemperature(double temperature) {
  const float largest = Max(weights(), workspace_.vocab_size_);
  if (largest == 0) return;  // everything is forbidden
  const double log_largest = std::log(largest), inverse = 1 / temperature;
  const auto tempered = [&](int32_t id) {
    return static_cast<float>(std::exp((std::log(weights()[id]) - log_largest) * inverse));
  };
  if (!plausible_.empty()) {  // of all others the weight is 0
    for (const int32_t id : plausible_) weights()[id] = tempered(id);
    return;
  }
  std::vector<int32_t> apart = workspace_.copied_;  // they are not of the form e^logit, so they go one by one
  apart.insert(apart.end(), raised_.begin(), raised_.end());
  std::vector<float> tempered_apart;
  for (const int32_t id : apart) tempered_apart.push_back(tempered(id));
  ExpSum(output_.logits, static_cast<float>(output_.largest_logit - log_shrink_ + log_largest),
         static_cast<float>(inverse), workspace_.vocab_size_, weights());
  for (size_t i = 0; i < apart.size(); ++i) weights()[apart[i]] = tempered_apart[i];
  for (const int32_t id : forbidden_) weights()[id] = 0;
}

// Draws from the tokens that together reach top_p, without finding out which they are: draw from all; a token whose
// betters hold less than top_p belongs to them. If it does not, only its betters can, and the draw is repeated among
// those. Given that a draw is accepted, each token has its share of the nucleus. The expected number of draws is at
// most 1 + ln(1 / top_p).
int32_t TokenDistribution::DrawFromNucleus(double top_p, const Luck& luck) const {
  const int n = workspace_.vocab_size_;
  Place bound = kBehindAll;
  double mass = MassAbove(weights(), n, bound);
  if (mass == 0) return kEos;  // everything is forbidden: the reply ends
  const double wanted = top_p * mass;
  for (uint64_t draw = 0;; ++draw) {
    const double uniform = UniformAt(luck.seed, luck.candidate, luck.step, draw);
    const int32_t id = PickAbove(weights(), n, bound, uniform * mass);
    if (top_p >= 1) return id;
    const Place place = {weights()[id], id};
    const double above = MassAbove(weights(), n, place);
    if (above < wanted || above <= 0) return id;
    bound = place;
    mass = above;
  }
}

}  // namespace idiolect
