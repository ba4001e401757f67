#include "tests/cli/fake_server.h"

#include "grpcpp/health_check_service_interface.h"

namespace idiolect {

FakeServer::FakeServer() {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(static_cast<v1::HistoryService::Service*>(this));
  builder.RegisterService(static_cast<v1::DialogueService::Service*>(this));
  builder.RegisterService(static_cast<v1::ProfileService::Service*>(this));
  builder.RegisterService(static_cast<v1::ModelService::Service*>(this));
  server_ = builder.BuildAndStart();
  for (const char* service : {"DialogueService", "HistoryService", "ProfileService", "ModelService"}) {
    server_->GetHealthCheckService()->SetServingStatus(std::string("idiolect.v1.") + service, true);
  }
}

// False: this request id was stored before.
bool FakeServer::Store(const std::string& user, const v1::Exchange& exchange, const std::string& request_id) {
  if (!request_ids_.emplace(user, request_id).second) return false;
  std::vector<v1::Exchange>& history = histories[user];
  history.push_back(exchange);
  history.back().set_exchange_id(history.size());
  return true;
}

grpc::Status FakeServer::ImportExchanges(Context*, grpc::ServerReader<v1::ImportExchangesRequest>* reader,
                                         v1::ImportExchangesResponse* response) {
  std::lock_guard lock(mutex_);
  if (++streams > good_streams) return {grpc::StatusCode::INTERNAL, "out of order"};
  v1::ImportExchangesRequest request;
  for (int64_t index = 0; reader->Read(&request); ++index) {
    if (conflicting_responses.count(request.exchange().response()) > 0) {
      response->set_rejected_count(response->rejected_count() + 1);
      if (response->rejected_size() == 100) continue;
      response->add_rejected()->set_index(index);
      response->mutable_rejected()->rbegin()->set_reason("request_id: in conflict");
    } else if (Store(request.user_id(), request.exchange(), request.request_id())) {
      response->set_stored_count(response->stored_count() + 1);
    } else {
      response->set_duplicate_count(response->duplicate_count() + 1);
    }
  }
  if (streams > 1 && failures_before_import-- > 0) return {grpc::StatusCode::UNAVAILABLE, "the store is away"};
  return grpc::Status::OK;
}

grpc::Status FakeServer::AppendExchange(Context*, const v1::AppendExchangeRequest* request,
                                        v1::AppendExchangeResponse* response) {
  std::lock_guard lock(mutex_);
  response->set_duplicate(!Store(request->user_id(), request->exchange(), request->request_id()));
  *response->mutable_exchange() = histories[request->user_id()].back();
  response->set_revision(histories[request->user_id()].size());
  return grpc::Status::OK;
}

grpc::Status FakeServer::ExportUser(Context*, const v1::ExportUserRequest* request,
                                    grpc::ServerWriter<v1::ExportUserResponse>* writer) {
  std::lock_guard lock(mutex_);
  for (const v1::Exchange& exchange : histories[request->user_id()]) {
    v1::ExportUserResponse response;
    *response.mutable_exchange() = exchange;
    writer->Write(response);
  }
  return grpc::Status::OK;
}

grpc::Status FakeServer::EraseUser(Context*, const v1::EraseUserRequest* request, v1::EraseUserResponse* receipt) {
  std::lock_guard lock(mutex_);
  receipt->set_user_id(request->user_id());
  receipt->set_exchanges_erased(histories[request->user_id()].size());
  histories.erase(request->user_id());
  return grpc::Status::OK;
}

grpc::Status FakeServer::GetExchange(Context*, const v1::GetExchangeRequest* request,
                                     v1::GetExchangeResponse* response) {
  std::lock_guard lock(mutex_);
  for (const v1::Exchange& exchange : histories[request->user_id()]) {
    if (exchange.exchange_id() == request->exchange_id()) *response->mutable_exchange() = exchange;
  }
  return response->has_exchange() ? grpc::Status::OK : grpc::Status(grpc::StatusCode::NOT_FOUND, "no such exchange");
}

// Says the post back, in the user's name.
void FakeServer::NoteCaller(const Context& context) {
  const auto found = context.client_metadata().find("authorization");
  authorization =
      found == context.client_metadata().end() ? "" : std::string(found->second.data(), found->second.size());
}

v1::GenerateReplyResponse FakeServer::Reply(const std::string& user, const std::string& post,
                                            const v1::DecodingOptions& decoding) {
  decodings.push_back(decoding);
  v1::GenerateReplyResponse reply;
  for (int i = 0; i < std::max(1, decoding.candidate_count()); ++i) {
    v1::ReplyCandidate& candidate = *reply.add_candidates();
    candidate.set_text(user + " hears " + post + std::string(i, '!'));
    candidate.set_log_probability(-1 - i);
    for (const v1::TokenExplanation& token : explanation) *candidate.add_explanation() = token;
  }
  reply.set_cold_start(histories[user].empty());
  return reply;
}

grpc::Status FakeServer::GenerateReply(Context* context, const v1::GenerateReplyRequest* request,
                                       v1::GenerateReplyResponse* response) {
  std::lock_guard lock(mutex_);
  NoteCaller(*context);
  *response = Reply(request->user_id(), request->post(), request->decoding());
  return next_reply_status;
}

grpc::Status FakeServer::StreamReply(Context*, const v1::StreamReplyRequest* request,
                                     grpc::ServerWriter<v1::StreamReplyResponse>* writer) {
  std::lock_guard lock(mutex_);
  min_revisions.push_back(request->min_revision());
  if (!next_reply_status.ok()) return next_reply_status;
  v1::StreamReplyResponse last;
  *last.mutable_summary() = Reply(request->user_id(), request->post(), request->decoding());
  const std::string text = last.summary().candidates(0).text();
  v1::StreamReplyResponse piece;
  piece.set_text(text.substr(0, 3));
  writer->Write(piece);
  piece.set_text(text.substr(3));
  writer->Write(piece);
  writer->Write(last);
  return grpc::Status::OK;
}

grpc::Status FakeServer::ScoreReplies(Context*, const v1::ScoreRepliesRequest* request,
                                      v1::ScoreRepliesResponse* response) {
  for (int i = request->candidates_size() - 1; i >= 0; --i) {
    v1::ScoredReply& reply = *response->add_replies();
    reply.set_index(i);
    reply.set_score(i + 0.5);
    reply.set_log_probability(request->scoring() == v1::SCORING_JOINT ? -7 : -3);
  }
  return grpc::Status::OK;
}

grpc::Status FakeServer::ListUsers(Context* context, const v1::ListUsersRequest* request,
                                   v1::ListUsersResponse* response) {
  std::lock_guard lock(mutex_);
  NoteCaller(*context);
  // One user a page, so that paging is walked.
  auto next = request->page_token().empty() ? histories.begin() : histories.lower_bound(request->page_token());
  if (next == histories.end()) return grpc::Status::OK;
  v1::UserSummary& user = *response->add_users();
  user.set_user_id(next->first);
  user.set_exchange_count(next->second.size());
  if (++next != histories.end()) response->set_next_page_token(next->first);
  return grpc::Status::OK;
}

grpc::Status FakeServer::GetProfile(Context*, const v1::GetProfileRequest* request, v1::GetProfileResponse* response) {
  std::lock_guard lock(mutex_);
  response->set_user_id(request->user_id());
  response->set_exchange_count(histories[request->user_id()].size());
  response->set_window_size(response->exchange_count());
  response->mutable_style()->set_question_share(0.25);
  for (const double weight : {0.4, 0.1}) {
    v1::VocabularyWord& word = *response->add_vocabulary();
    word.set_word(weight > 0.2 ? "grand" : "the");
    word.set_count(1234);
    word.set_weight(weight);
  }
  return grpc::Status::OK;
}

grpc::Status FakeServer::QueryMemory(Context*, const v1::QueryMemoryRequest* request,
                                     v1::QueryMemoryResponse* response) {
  std::lock_guard lock(mutex_);
  const auto& history = histories[request->user_id()];
  for (const v1::Exchange& exchange : history) {
    v1::MemoryEntry& entry = *response->add_entries();
    *entry.mutable_exchange() = exchange;
    entry.set_weight(1.0 / history.size());
  }
  return grpc::Status::OK;
}

// Knows one model beside its own.
grpc::Status FakeServer::LoadModel(Context*, const v1::LoadModelRequest* request, v1::LoadModelResponse* response) {
  if (request->name() != "tiny-2") return grpc::Status(grpc::StatusCode::NOT_FOUND, "there is no such model");
  response->set_name(request->name());
  response->set_content_hash("0123456789abcdef");
  response->mutable_load_time()->set_nanos(840000000);
  return grpc::Status::OK;
}

grpc::Status FakeServer::GetModel(Context*, const v1::GetModelRequest*, v1::GetModelResponse* response) {
  response->set_name("tiny");
  response->set_parameter_count(1234567);
  response->set_server_version("9.8.7");
  return grpc::Status::OK;
}

}  // namespace idiolect
