#include <algorithm>

#include "engine/job.h"

namespace idiolect {
namespace {

class ProfileJob : public Job {
 public:
  ProfileJob(UserKey user, History history, absl::Time deadline, Engine::ProfileCallback done, int64_t forget_count)
      : Job(std::move(user), deadline, forget_count), history_(std::move(history)), done_(std::move(done)) {}

  bool RunSlice(EngineContext& context) override {
    done_(ProfileOf(history_, context));
    return true;
  }
  void Fail(const absl::Status& status) override { done_(status); }

 private:
  const History history_;
  const Engine::ProfileCallback done_;
};

// What the memory is asked at the first step: the decoder's state after <s>, before any word.
class MemoryJob : public Job {
 public:
  MemoryJob(UserKey user, History history, std::string post, absl::Time deadline, Engine::MemoryCallback done,
            int64_t forget_count)
      : Job(std::move(user), deadline, forget_count),
        history_(std::move(history)),
        post_(std::move(post)),
        done_(std::move(done)) {}

  bool RunSlice(EngineContext& context) override {
    const auto profile = ProfileOf(history_, context);
    const CopyDecoder& decoder = context.model.decoder;
    const ProfileBatch view = ViewOf(*profile);
    const PostBatch post = context.model.posts({context.model.PostIds(post_)}, view.general, {});
    const at::Tensor state = decoder.NextState(LongTensor({kBos}, {1}), decoder.InitialState(post, view.general));
    const CopyDecoder::Reads reads = decoder.Read(decoder.Query(state.unsqueeze(1)), post, view);
    done_(Reading(*profile, reads));
    return true;
  }
  void Fail(const absl::Status& status) override { done_(status); }

 private:
  MemoryReading Reading(const UserProfile& profile, const CopyDecoder::Reads& reads) const {
    MemoryReading reading;
    reading.revision = history_.revision;
    const at::Tensor weights = reads.memory_weights.contiguous(), dynamic = reads.dynamic.contiguous();
    for (int i = 0; i < profile.memory_size(); ++i)
      reading.entries.push_back({profile.pair_sequences[i], weights.data_ptr<float>()[i]});
    std::stable_sort(reading.entries.begin(), reading.entries.end(),
                     [](const auto& a, const auto& b) { return a.weight > b.weight; });
    reading.dynamic_profile.assign(dynamic.data_ptr<float>(), dynamic.data_ptr<float>() + dynamic.numel());
    return reading;
  }

  const History history_;
  const std::string post_;
  const Engine::MemoryCallback done_;
};

}  // namespace

std::unique_ptr<Job> MakeProfileJob(UserKey user, History history, absl::Time deadline, Engine::ProfileCallback done,
                                    int64_t forget_count) {
  return std::make_unique<ProfileJob>(std::move(user), std::move(history), deadline, std::move(done), forget_count);
}

std::unique_ptr<Job> MakeMemoryJob(UserKey user, History history, std::string post, absl::Time deadline,
                                   Engine::MemoryCallback done, int64_t forget_count) {
  return std::make_unique<MemoryJob>(std::move(user), std::move(history), std::move(post), deadline, std::move(done),
                                     forget_count);
}

}  // namespace idiolect
