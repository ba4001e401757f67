// Clients that append as fast as they can and note what was acknowledged, and the comparison of these notes with a
// store. For scripts/check-power-cuts, check-kills and check-failover.
//
//   append_load run --server HOST:PORT --clients 8 --acknowledged FILE
//   append_load verify --store URL --acknowledged FILE
//
// `run` goes on until it is killed, through times without a server: an append without an answer is repeated with its
// request id. A line of FILE is one acknowledged append: client, number, sequence, revision; it is written whole.
// `verify` exits with 1 where an acknowledged append is missing, is twice, or is another one than was acknowledged.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "grpcpp/grpcpp.h"
#include "idiolect/history_store.h"
#include "idiolect/v1/history.grpc.pb.h"

namespace idiolect {
namespace {

constexpr char kTenant[] = "default";

// Several to an exchange, so that a page holds few and a write is spread.
std::string TextOf(int client, int64_t number) {
  std::string text = absl::StrCat("client ", client, " says ", number, " ");
  while (text.size() < 100 + static_cast<size_t>(number % 200)) absl::StrAppend(&text, number, "-");
  return text;
}

std::string UserOf(int client, int64_t number) { return absl::StrCat("user-", client, "-", number % 5); }

v1::AppendExchangeRequest RequestOf(int client, int64_t number) {
  v1::AppendExchangeRequest request;
  request.set_user_id(UserOf(client, number));
  request.set_request_id(absl::StrCat(client, "/", number));
  request.mutable_exchange()->set_post(absl::StrCat("number ", number));
  request.mutable_exchange()->set_response(TextOf(client, number));
  request.mutable_exchange()->mutable_time()->set_seconds(number);
  return request;
}

// Until it is killed.
void RunClient(const std::string& server, int client, int64_t first, int acknowledged) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt("client", client);  // a connection of its own
  const auto stub =
      v1::HistoryService::NewStub(grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments));
  for (int64_t number = first;; ++number) {
    const v1::AppendExchangeRequest request = RequestOf(client, number);
    v1::AppendExchangeResponse response;
    grpc::Status status;
    do {
      grpc::ClientContext context;
      status = stub->AppendExchange(&context, request, &response);
      if (!status.ok()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    } while (status.error_code() == grpc::StatusCode::UNAVAILABLE);
    if (!status.ok()) {
      std::cerr << "append_load: " << status.error_message() << std::endl;
      std::_Exit(1);
    }
    const std::string line =
        absl::StrCat(client, " ", number, " ", response.exchange().exchange_id(), " ", response.revision(), "\n");
    if (write(acknowledged, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::_Exit(2);
  }
}

int Run(const std::string& server, int clients, const std::string& path, int64_t first) {
  const int acknowledged = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  std::vector<std::thread> threads;
  for (int client = 0; client < clients; ++client) threads.emplace_back(RunClient, server, client, first, acknowledged);
  for (std::thread& thread : threads) thread.join();
  return 0;
}

struct Findings {
  int64_t acknowledged = 0, stored = 0, missing = 0, wrong = 0, doubled = 0;
};

using History = std::map<int64_t, std::string>;  // responses by sequence

absl::StatusOr<History> ReadUser(HistoryStore& store, const std::string& user, Findings& findings) {
  History history;
  std::set<std::string> responses;
  std::string token;
  do {
    absl::StatusOr<ExchangePage> page = store.List({kTenant, user}, 1000, token, ListOrder::kOldestFirst);
    if (!page.ok()) return page.status();
    for (Exchange& exchange : page->exchanges) {
      findings.doubled += !responses.insert(exchange.response).second;
      history[exchange.sequence] = std::move(exchange.response);
    }
    token = page->next_page_token;
  } while (!token.empty());
  findings.stored += static_cast<int64_t>(history.size());
  return history;
}

absl::StatusOr<Findings> Compare(HistoryStore& store, const std::string& path) {
  Findings findings;
  std::map<std::string, History> histories;
  std::ifstream file(path);
  int client = 0;
  int64_t number = 0, sequence = 0, revision = 0;
  while (file >> client >> number >> sequence >> revision) {
    ++findings.acknowledged;
    const std::string user = UserOf(client, number);
    if (histories.count(user) == 0) {
      absl::StatusOr<History> history = ReadUser(store, user, findings);
      if (!history.ok()) return history.status();
      histories[user] = *std::move(history);
    }
    const auto found = histories[user].find(sequence);
    findings.missing += found == histories[user].end();
    findings.wrong += found != histories[user].end() && found->second != TextOf(client, number);
  }
  return findings;
}

int Verify(const std::string& url, const std::string& path) {
  const auto store = OpenHistoryStore(url);
  if (!store.ok()) {
    std::cout << "can't open: " << store.status() << std::endl;
    return 3;
  }
  const absl::StatusOr<Findings> findings = Compare(**store, path);
  if (!findings.ok()) {
    std::cout << "can't read: " << findings.status() << std::endl;
    return 3;
  }
  std::cout << findings->acknowledged << " acknowledged, " << findings->stored << " stored, " << findings->missing
            << " missing, " << findings->wrong << " wrong, " << findings->doubled << " doubled" << std::endl;
  return findings->missing + findings->wrong + findings->doubled == 0 ? 0 : 1;
}

}  // namespace
}  // namespace idiolect

int main(int argc, char** argv) {
  CLI::App app("Appends and notes what was acknowledged, or compares such notes with a store.");
  app.require_subcommand(1);
  std::string server, store, acknowledged;
  int clients = 8;
  int64_t first = 0;
  CLI::App* run = app.add_subcommand("run");
  run->add_option("--server", server)->required();
  run->add_option("--clients", clients);
  run->add_option("--first", first, "Number of each client's first append");
  run->add_option("--acknowledged", acknowledged)->required();
  CLI::App* verify = app.add_subcommand("verify");
  verify->add_option("--store", store)->required();
  verify->add_option("--acknowledged", acknowledged)->required();
  CLI11_PARSE(app, argc, argv);
  return run->parsed() ? idiolect::Run(server, clients, acknowledged, first) : idiolect::Verify(store, acknowledged);
}
