#include <optional>

#include "engine/job.h"
#include "engine/reply_decoding.h"

namespace idiolect {
namespace {

class ReplyJob : public Job {
 public:
  ReplyJob(ReplyRequest request, std::shared_ptr<ReplyObserver> observer, int64_t forget_count)
      : Job(request.user, request.deadline, forget_count),
        request_(std::move(request)),
        observer_(std::move(observer)) {}

  // The first slice prepares the profile and the post; each one after it decodes a token.
  bool RunSlice(EngineContext& context) override {
    if (!decoding_) {
      decoding_.emplace(context.model, ProfileOf(request_.history, context), request_.post, request_.decoding,
                        request_.explain);
      return false;
    }
    decoding_->Step();
    SendText();
    if (!decoding_->done()) return false;
    Reply reply;
    reply.candidates = decoding_->Candidates();
    reply.revision = request_.history.revision;
    reply.cold_start = request_.history.exchanges.empty();
    observer_->OnDone(std::move(reply));
    return true;
  }

  void Fail(const absl::Status& status) override { observer_->OnDone(status); }
  int rows() const override { return std::max(request_.decoding.candidate_count, request_.decoding.beam_size); }

 private:
  void SendText() {
    const std::string text = decoding_->StableText();
    if (text.size() > sent_) observer_->OnText(std::string_view(text).substr(sent_));
    sent_ = std::max(sent_, text.size());
  }

  const ReplyRequest request_;
  const std::shared_ptr<ReplyObserver> observer_;
  std::optional<ReplyDecoding> decoding_;
  size_t sent_ = 0;  // bytes of text
};

}  // namespace

std::unique_ptr<Job> MakeReplyJob(ReplyRequest request, std::shared_ptr<ReplyObserver> observer, int64_t forget_count) {
  return std::make_unique<ReplyJob>(std::move(request), std::move(observer), forget_count);
}

}  // namespace idiolect
