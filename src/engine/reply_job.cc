#include <optional>

#include "engine/job.h"
#include "engine/reply_decoding.h"

namespace idiolect {
namespace {

class ReplyJob;

class ReplyTask : public Task {
 public:
  explicit ReplyTask(std::shared_ptr<ReplyJob> job) : job_(std::move(job)) {}
  int rows() const override;
  void AddRows(std::vector<DecoderRow>& rows) override;
  bool OnStep(absl::Span<const DecoderRow> rows, absl::Span<const RowOutput> outputs,
              TokenDistribution::Workspace& workspace) override;

 private:
  const std::shared_ptr<ReplyJob> job_;
};

class ReplyJob : public Job, public std::enable_shared_from_this<ReplyJob> {
 public:
  ReplyJob(const ServingModel& model, ReplyRequest request, std::shared_ptr<ReplyObserver> observer,
           int64_t forget_count, EngineObserver* engine_observer)
      : Job(request.user, request.deadline, forget_count),
        model_(model),
        request_(std::move(request)),
        observer_(std::move(observer)),
        engine_observer_(engine_observer) {
    contexts_.emplace_back(&request_.history, &request_.post);
    if (guided()) contexts_.emplace_back(nullptr, &no_post_);
  }

  int rows() const {
    return std::max(request_.decoding.candidate_count, request_.decoding.beam_size) * (guided() ? 2 : 1);
  }
  int NextTaskRows() const override { return task_given_ ? 0 : rows(); }
  int TotalRows() const override { return rows(); }
  std::unique_ptr<Task> NextTask() override {
    task_given_ = true;
    return std::make_unique<ReplyTask>(shared_from_this());
  }

  bool OnEncoded(const ServingModel& model) override {
    const auto condition = [](const Context& c) { return ReplyCondition{c.profile, c.encoded_post}; };
    decoding_.emplace(model, condition(contexts_.front()), condition(contexts_.back()), request_.decoding,
                      request_.explain);
    return false;
  }

  ReplyDecoding& decoding() { return *decoding_; }

  // After each step; true when the reply is complete.
  bool Report() {
    if (timing_.first_token == absl::ZeroDuration()) timing_.first_token = absl::Now() - submitted;
    if (observer_->wants_text()) SendText();
    if (!decoding_->done()) return false;
    Reply reply;
    reply.candidates = decoding_->Candidates();
    reply.revision = request_.history.revision;
    reply.cold_start = request_.history.exchanges.empty();
    timing_.queue = admitted - submitted;
    timing_.total = absl::Now() - submitted;
    timing_.profile_built = profile_built;
    reply.timing = timing_;
    if (engine_observer_ != nullptr) {
      engine_observer_->OnReply(static_cast<int>(reply.candidates[0].tokens.size()), decoding_->CopiedTokens());
    }
    ended_ = true;
    observer_->OnDone(std::move(reply));
    return true;
  }

  void Fail(const absl::Status& status) override {
    ended_ = true;
    observer_->OnDone(status);
  }
  bool ended() const override { return ended_; }

 private:
  bool guided() const { return request_.decoding.guidance > 0; }

  void SendText() {
    const std::string text = decoding_->StableText();
    if (text.size() > sent_) observer_->OnText(std::string_view(text).substr(sent_));
    sent_ = std::max(sent_, text.size());
  }

  const ServingModel& model_;
  const ReplyRequest request_;
  const std::string no_post_;
  const std::shared_ptr<ReplyObserver> observer_;
  EngineObserver* const engine_observer_;
  std::optional<ReplyDecoding> decoding_;
  ReplyTiming timing_;
  size_t sent_ = 0;  // bytes of text
  bool task_given_ = false, ended_ = false;
};

int ReplyTask::rows() const { return job_->rows(); }

void ReplyTask::AddRows(std::vector<DecoderRow>& rows) { job_->decoding().AddRows(rows); }

bool ReplyTask::OnStep(absl::Span<const DecoderRow> rows, absl::Span<const RowOutput> outputs,
                       TokenDistribution::Workspace& workspace) {
  job_->decoding().OnStep(rows, outputs, workspace);
  return job_->Report();
}

}  // namespace

std::shared_ptr<Job> MakeReplyJob(const ServingModel& model, ReplyRequest request,
                                  std::shared_ptr<ReplyObserver> observer, int64_t forget_count,
                                  EngineObserver* engine_observer) {
  return std::make_shared<ReplyJob>(model, std::move(request), std::move(observer), forget_count, engine_observer);
}

}  // namespace idiolect
