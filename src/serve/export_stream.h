// One ExportUser: pages from the store, exchange by exchange to the client, one message in flight.
//
// A single chain of steps, each started by the one before: read a page (store thread), write its exchanges (gRPC
// threads), read the next page. So nothing here needs a lock, and a slow client costs one page of memory. Pages grow
// with what the client takes; where too much waits for slow readers already, they are one exchange.
#pragma once

#include <string>

#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "idiolect/v1/history.pb.h"
#include "serve/backend.h"

namespace idiolect {

class ExportStream final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  static ExportStream* Start(Backend& backend, grpc::CallbackServerContext* context, const grpc::ByteBuffer* request);

 private:
  static constexpr int kFirstPage = 16, kLongestPage = 128;

  ExportStream(Backend& backend, grpc::CallbackServerContext* context);
  void Begin();     // on a store thread
  void ReadPage();  // on a store thread
  void Keep(ExchangePage page);
  void WriteNext();
  void End(const absl::Status& status);

  void OnWriteDone(bool ok) override;
  void OnDone() override { delete this; }

  Backend& backend_;
  CallRecord record_;
  Caller caller_;
  v1::ExportUserRequest request_;
  int page_size_ = 0;
  ExchangePage page_;
  size_t next_ = 0;  // of the page, to be written
  grpc::ByteBuffer outgoing_;
};

}  // namespace idiolect
