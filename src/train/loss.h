// What a training step minimises.
#pragma once

#include <ATen/ATen.h>

#include "model/dhap_model.h"
#include "train/batcher.h"
#include "train/contrast.h"
#include "train/train_options.h"

namespace idiolect {

// Nats a target token, with its graph: the mean negative log-likelihood and the weighted contrast.
at::Tensor TrainingLoss(const DhapModel& model, const TrainBatch& batch, const TrainOptions& options, Contrast contrast,
                        const Dropout& dropout);

// Log-probabilities of tokens, [R] in the order of the mask [B, T], summed by row: [B].
at::Tensor SumByRow(const at::Tensor& log_probs, const at::Tensor& mask);

}  // namespace idiolect
