#include "cli/reply_view.h"

#include <ostream>

#include "absl/strings/str_format.h"
#include "cli/explanation.h"
#include "cli/layout.h"

namespace idiolect {
namespace {

// Adds the exchange, if it is still there.
absl::Status Fetch(Client& client, const std::string& user, int64_t exchange_id, ExchangesById& exchanges) {
  grpc::ClientContext context;
  client.SetDeadline(context);
  Client::RouteTo(context, user);
  v1::GetExchangeRequest request;
  request.set_user_id(user);
  request.set_exchange_id(exchange_id);
  v1::GetExchangeResponse response;
  const grpc::Status status = client.history().GetExchange(&context, request, &response);
  if (status.error_code() == grpc::StatusCode::NOT_FOUND) return absl::OkStatus();
  if (status.ok()) exchanges[exchange_id] = response.exchange();
  return client.ToStatus(status);
}

// At a terminal nothing that was said steers it.
std::string ForScreen(const std::string& text, const Console& console) {
  return console.out_is_terminal ? Printable(text) : text;
}

}  // namespace

void PrintCandidates(const v1::GenerateReplyResponse& reply, Console& console) {
  if (reply.candidates_size() == 1) {
    console.out << ForScreen(reply.candidates(0).text(), console) << std::endl;
    return;
  }
  for (int i = 0; i < reply.candidates_size(); ++i) {
    const v1::ReplyCandidate& candidate = reply.candidates(i);
    console.out << absl::StrFormat("%2d. ", i + 1) << ForScreen(candidate.text(), console) << "  "
                << console.paint.Dim(absl::StrFormat("%.2f", candidate.log_probability())) << "\n";
  }
  console.out.flush();
}

absl::Status PrintOrigin(Client& client, const std::string& user, const v1::GenerateReplyResponse& reply,
                         Console& console) {
  if (reply.candidates().empty()) return absl::OkStatus();
  const ReplyOrigin origin = TraceOrigin(reply.candidates(0));
  ExchangesById exchanges;
  for (const ReplySource& source : origin.sources) {
    const absl::Status status = Fetch(client, user, source.exchange_id, exchanges);
    if (!status.ok()) return status;
  }
  console.out << RenderOrigin(origin, exchanges, console.paint, console.width);
  console.out.flush();
  return absl::OkStatus();
}

}  // namespace idiolect
