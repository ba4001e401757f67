// The gradients of one step: of its `accumulate` batches, as many at a time as there are threads.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "model/dhap_model.h"
#include "train/batcher.h"
#include "train/train_options.h"

namespace idiolect {

// What a step, or one of its batches, saw.
struct StepFacts {
  double loss = 0;  // nats a token, the mean of the batches
  int64_t targets = 0;

  StepFacts& operator+=(const StepFacts& other) {
    loss += other.loss;
    targets += other.targets;
    return *this;
  }
};

// Batches that are computed at the same time have models of their own, which share the weights but not the gradients;
// these are added up in the order of the batches. So the bits don't depend on the number of threads.
class StepGradients {
 public:
  // `model`, whose parameters are leaves of autograd, and `batcher` outlive this. `threads` counts from 1.
  StepGradients(const DhapModel& model, const Batcher& batcher, const TrainOptions& options, int threads);

  // Adds the mean gradient of the step's batches to those of the model's parameters. `step` counts from 0.
  StepFacts Add(int64_t step);

 private:
  StepFacts AddInTurn(int64_t first);
  StepFacts AddAtOnce(int64_t first);
  void SumReplicas();
  // The share that the batch of this number has in its step.
  StepFacts Backward(const DhapModel& model, int64_t batch) const;

  const DhapModel& model_;
  const Batcher& batcher_;
  const TrainOptions& options_;
  const int threads_;
  std::vector<std::unique_ptr<DhapModel>> replicas_;  // one a batch of the step; none where batches take turns
};

}  // namespace idiolect
