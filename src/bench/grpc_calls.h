// The calls that a load makes, as events of a completion queue: whoever joins the queue's thread knows that nothing of
// a call is left, which the callback interface cannot tell.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "absl/time/clock.h"
#include "bench/target.h"
#include "grpcpp/grpcpp.h"
#include "idiolect/v1/dialogue.grpc.pb.h"

namespace idiolect {

absl::Status FromGrpc(const grpc::Status& status);

using Done = std::function<void(const BenchOutcome&)>;

// A call that is under way: the tag of its events in the completion queue. Deletes itself at its last one.
class PendingCall {
 public:
  virtual ~PendingCall() = default;
  virtual void OnEvent(bool ok) = 0;
  grpc::ClientContext& context() { return context_; }

 protected:
  explicit PendingCall(Done done) : done_(std::move(done)) {}
  // Answers and deletes this. The first token is the server's to tell, unless the client saw it come.
  void Finish(int tokens, std::optional<absl::Duration> first_token = std::nullopt);
  grpc::ClientContext context_;
  grpc::Status status_;

 private:
  const Done done_;
};

int TokensOf(const v1::GenerateReplyResponse& response);
int TokensOf(const v1::ScoreRepliesResponse& response);

template <typename Response>
class UnaryCall : public PendingCall {
 public:
  using Reader = std::unique_ptr<grpc::ClientAsyncResponseReader<Response>>;
  explicit UnaryCall(Done done) : PendingCall(std::move(done)) {}
  void Start(Reader reader) {
    reader_ = std::move(reader);
    reader_->Finish(&response_, &status_, this);
  }
  void OnEvent(bool) override { Finish(TokensOf(response_)); }

 private:
  Reader reader_;
  Response response_;
};

class StreamCall : public PendingCall {
 public:
  explicit StreamCall(Done done) : PendingCall(std::move(done)) {}
  void Start(v1::DialogueService::Stub& stub, const v1::StreamReplyRequest& request, grpc::CompletionQueue& queue) {
    reader_ = stub.PrepareAsyncStreamReply(&context_, request, &queue);
    reader_->StartCall(this);  // its first event may come before this returns
  }
  void OnEvent(bool ok) override {
    switch (next_) {
      case kStarted:
        next_ = kRead;
        break;
      case kRead:
        if (ok) Note();
        break;
      case kFinished:
        return Finish(tokens_, first_ == absl::InfinitePast() ? absl::ZeroDuration() : first_ - sent_);
    }
    if (ok) return reader_->Read(&message_, this);
    next_ = kFinished;
    reader_->Finish(&status_, this);
  }

 private:
  void Note() {
    if (first_ == absl::InfinitePast()) first_ = absl::Now();
    for (const v1::ReplyCandidate& c : message_.summary().candidates()) tokens_ += c.token_count();
  }

  enum { kStarted, kRead, kFinished } next_ = kStarted;
  const absl::Time sent_ = absl::Now();
  std::unique_ptr<grpc::ClientAsyncReader<v1::StreamReplyResponse>> reader_;
  v1::StreamReplyResponse message_;
  absl::Time first_ = absl::InfinitePast();
  int tokens_ = 0;
};

}  // namespace idiolect
