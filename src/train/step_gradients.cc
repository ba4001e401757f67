#include "train/step_gradients.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>

#include <algorithm>
#include <future>

#include "train/loss.h"

namespace idiolect {

StepGradients::StepGradients(const DhapModel& model, const Batcher& batcher, const TrainOptions& options, int threads)
    : model_(model),
      batcher_(batcher),
      options_(options),
      threads_(model.device().is_cpu() ? std::min(threads, options.accumulate) : 1) {
  if (threads_ == 1) return;
  for (int i = 0; i < options.accumulate; ++i) replicas_.push_back(model.WithOwnGradients());
}

StepFacts StepGradients::Add(int64_t step) {
  const int64_t first = step * options_.accumulate;
  return replicas_.empty() ? AddInTurn(first) : AddAtOnce(first);
}

StepFacts StepGradients::AddInTurn(int64_t first) {
  StepFacts sum;
  for (int i = 0; i < options_.accumulate; ++i) sum += Backward(model_, first + i);
  return sum;
}

StepFacts StepGradients::AddAtOnce(int64_t first) {
  std::vector<StepFacts> batches(replicas_.size());
  const auto work = [&](size_t worker) {
    for (size_t i = worker; i < batches.size(); i += threads_)
      batches[i] = Backward(*replicas_[i], first + static_cast<int64_t>(i));
  };
  std::vector<std::future<void>> others;
  for (int worker = 1; worker < threads_; ++worker) others.push_back(std::async(std::launch::async, work, worker));
  work(0);
  for (std::future<void>& other : others) other.get();
  SumReplicas();
  StepFacts sum;
  for (const StepFacts& batch : batches) sum += batch;
  return sum;
}

void StepGradients::SumReplicas() {
  for (const auto& [name, parameter] : model_.parameters().tensors()) {
    at::Tensor& sum = parameter.mutable_grad();
    for (const auto& replica : replicas_) {
      at::Tensor& gradient = replica->parameters().at(name).mutable_grad();
      if (!gradient.defined()) continue;
      if (sum.defined())
        sum.add_(gradient);
      else
        sum = gradient;
      gradient = at::Tensor();
    }
  }
}

StepFacts StepGradients::Backward(const DhapModel& model, int64_t number) const {
  // Dropout depends on the batch alone, neither on the thread nor on where the run was interrupted.
  const uint64_t seed = options_.seed * 1000003 + static_cast<uint64_t>(number);
  at::Generator generator = model.device().is_cpu() ? at::detail::createCPUGenerator(seed)
                                                    : at::globalContext().defaultGenerator(model.device());
  generator.set_current_seed(seed);
  const TrainBatch batch = batcher_.BatchOf(number);
  const at::Tensor loss =
      TrainingLoss(model, batch, options_, ContrastOf(options_, number), {options_.dropout, generator}) /
      options_.accumulate;
  loss.backward();
  return {loss.item<double>(), batch.real_rows};
}

}  // namespace idiolect
