#include <algorithm>

#include "engine/job.h"

namespace idiolect {
namespace {

// A profile alone: no task, it is there when the context is.
class ProfileJob : public Job {
 public:
  ProfileJob(UserKey user, History history, absl::Time deadline, Engine::ProfileCallback done, int64_t forget_count)
      : Job(std::move(user), deadline, forget_count), history_(std::move(history)), done_(std::move(done)) {
    contexts_.emplace_back(&history_);
  }

  int NextTaskRows() const override { return 0; }
  std::unique_ptr<Task> NextTask() override { return nullptr; }
  bool OnEncoded(const ServingModel& model) override {
    ended_ = true;
    done_(std::make_shared<const UserProfile>(contexts_[0].profile->ToUserProfile()));
    return true;
  }
  void Fail(const absl::Status& status) override {
    ended_ = true;
    done_(status);
  }
  bool ended() const override { return ended_; }

 private:
  const History history_;
  const Engine::ProfileCallback done_;
  bool ended_ = false;
};

// What the memory is asked at the first step: the decoder's state after <s>, before any word.
class MemoryJob : public Job, public std::enable_shared_from_this<MemoryJob> {
 public:
  MemoryJob(UserKey user, History history, std::string post, absl::Time deadline, Engine::MemoryCallback done,
            int64_t forget_count)
      : Job(std::move(user), deadline, forget_count),
        history_(std::move(history)),
        post_(std::move(post)),
        done_(std::move(done)) {
    contexts_.emplace_back(&history_, &post_);
  }

  int NextTaskRows() const override { return task_given_ ? 0 : 1; }
  std::unique_ptr<Task> NextTask() override;

  void Finish(absl::Span<const float> weights) {
    const CompactProfile& profile = *contexts_[0].profile;
    MemoryReading reading;
    reading.revision = history_.revision;
    for (size_t i = 0; i < weights.size(); ++i) reading.entries.push_back({profile.pair_sequences[i], weights[i]});
    std::stable_sort(reading.entries.begin(), reading.entries.end(),
                     [](const auto& a, const auto& b) { return a.weight > b.weight; });
    reading.dynamic_profile = ServingDecoder::DynamicProfile(profile, weights);
    ended_ = true;
    done_(std::move(reading));
  }
  void Fail(const absl::Status& status) override {
    ended_ = true;
    done_(status);
  }
  bool ended() const override { return ended_; }

 private:
  const History history_;
  const std::string post_;
  const Engine::MemoryCallback done_;
  bool task_given_ = false, ended_ = false;
};

class MemoryTask : public Task {
 public:
  explicit MemoryTask(std::shared_ptr<MemoryJob> job) : job_(std::move(job)) {}
  int rows() const override { return 1; }
  void AddRows(std::vector<DecoderRow>& rows) override {
    const Context& context = job_->contexts()[0];
    state_ = context.encoded_post->initial_state;
    rows.push_back({context.profile.get(), context.encoded_post.get(), kBos, state_.data()});
  }
  bool OnStep(absl::Span<const DecoderRow> rows, absl::Span<const RowOutput> outputs,
              TokenDistribution::Workspace& workspace) override {
    job_->Finish(outputs[0].memory_weights);
    return true;
  }

 private:
  const std::shared_ptr<MemoryJob> job_;
  std::vector<float> state_;
};

std::unique_ptr<Task> MemoryJob::NextTask() {
  task_given_ = true;
  return std::make_unique<MemoryTask>(shared_from_this());
}

}  // namespace

std::shared_ptr<Job> MakeProfileJob(UserKey user, History history, absl::Time deadline, Engine::ProfileCallback done,
                                    int64_t forget_count) {
  return std::make_shared<ProfileJob>(std::move(user), std::move(history), deadline, std::move(done), forget_count);
}

std::shared_ptr<Job> MakeMemoryJob(UserKey user, History history, std::string post, absl::Time deadline,
                                   Engine::MemoryCallback done, int64_t forget_count) {
  return std::make_shared<MemoryJob>(std::move(user), std::move(history), std::move(post), deadline, std::move(done),
                                     forget_count);
}

}  // namespace idiolect
