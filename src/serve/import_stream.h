// One ImportExchanges: reads records, checks them, and stores them in batches.
//
// One batch is with the store at a time; what arrives meanwhile is the next one. So a batch is what one flush of the
// disk lets through: a single record when the client is slow, kBatch when it is fast. With a full batch waiting the
// stream is not read, and the client's own flow control holds it back.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "idiolect/v1/history.pb.h"
#include "serve/backend.h"

namespace idiolect {

class ImportStream final : public grpc::ServerReadReactor<grpc::ByteBuffer> {
 public:
  static ImportStream* Start(Backend& backend, grpc::CallbackServerContext* context, grpc::ByteBuffer* response);

 private:
  static constexpr size_t kBatch = 500;
  static constexpr int kMaxReported = 100;

  struct Batch {
    std::vector<ImportRecord> records;
    std::vector<int64_t> indices;  // of each record, in the stream
  };

  ImportStream(Backend& backend, grpc::CallbackServerContext* context, grpc::ByteBuffer* response);
  void Take(const grpc::ByteBuffer& bytes);
  void Reject(int64_t index, std::string reason);
  void Store(const Batch& batch);  // on a store thread
  void Count(const Batch& batch, const std::vector<ImportOutcome>& outcomes);
  void Advance(std::unique_lock<std::mutex> lock);
  void End(const absl::Status& status);

  void OnReadDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override { delete this; }

  Backend& backend_;
  CallRecord record_;
  Caller caller_;
  grpc::ByteBuffer* const out_;
  grpc::ByteBuffer incoming_;  // of the read in flight

  std::mutex mutex_;
  bool reading_ = false, storing_ = false;
  bool input_ended_ = false;
  bool ended_ = false;
  absl::Status failure_;
  int64_t next_index_ = 0;
  Batch waiting_;
  v1::ImportExchangesResponse response_;
};

}  // namespace idiolect
