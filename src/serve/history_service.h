// HistoryService: what users said.
#pragma once

#include "idiolect/v1/history.grpc.pb.h"
#include "serve/backend.h"

namespace idiolect {

template <typename Base>
using RawHistoryReads = v1::HistoryService::WithRawCallbackMethod_ListExchanges<
    v1::HistoryService::WithRawCallbackMethod_GetExchange<v1::HistoryService::WithRawCallbackMethod_ExportUser<Base>>>;

template <typename Base>
using RawHistoryWrites = v1::HistoryService::WithRawCallbackMethod_AppendExchange<
    v1::HistoryService::WithRawCallbackMethod_ImportExchanges<v1::HistoryService::WithRawCallbackMethod_DeleteExchange<
        v1::HistoryService::WithRawCallbackMethod_EraseUser<Base>>>>;

class HistoryService final : public RawHistoryReads<RawHistoryWrites<v1::HistoryService::Service>> {
 public:
  explicit HistoryService(Backend& backend) : backend_(backend) {}

  grpc::ServerUnaryReactor* AppendExchange(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override;
  grpc::ServerReadReactor<grpc::ByteBuffer>* ImportExchanges(grpc::CallbackServerContext* context,
                                                             grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListExchanges(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetExchange(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* DeleteExchange(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* ExportUser(grpc::CallbackServerContext* context,
                                                         const grpc::ByteBuffer* request) override;
  grpc::ServerUnaryReactor* EraseUser(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;

 private:
  Backend& backend_;
};

}  // namespace idiolect
