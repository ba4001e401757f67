// How fast the embedded store is on this disk, with the disk's own rate beside it.
//
//   store_benchmark [--folder DIR] [--seconds 5] [--clients 64] [--users 100000] [--encrypt] [--skip-recent]
//
// Prints, in one run:
//   disk      writes of one page of the log, each flushed with fdatasync: the rate of commits that the disk allows
//   store     durable appends from as many threads as there are clients, without gRPC: what group commit allows here
//   gRPC      the same through a server and its clients in this process, over loopback
//   recent    the last 15 exchanges of a random user among many, in process
// The folder (default: the current one) must be on the disk that is meant; what is made there is removed.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/grpcpp.h"
#include "idiolect/v1/history.grpc.pb.h"
#include "serve/server.h"
#include "spdlog/spdlog.h"
#include "store/open_store.h"
#include "store/text_vault.h"
#include "tests/support/fake_engine.h"

namespace idiolect {
namespace {

constexpr char kTenant[] = "default";
constexpr int kRecent = 15;

struct Settings {
  std::string folder = ".";
  double seconds = 5;
  int clients = 64;
  int64_t users = 100000;
  bool encrypt = false;
  bool skip_recent = false;
};

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + 1e-6 * (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

[[noreturn]] void Fail(const absl::Status& status) {
  std::fprintf(stderr, "store_benchmark: %s\n", status.ToString().c_str());
  std::exit(1);
}

std::unique_ptr<HistoryStore> OpenStore(const Settings& settings, const std::string& name) {
  StoreOptions options;
  if (settings.encrypt) options.vault = std::make_shared<TextVault>(*RandomSecretKey());
  auto store = OpenHistoryStore(absl::StrCat("sqlite:", settings.folder, "/", name), options);
  if (!store.ok()) Fail(store.status());
  return *std::move(store);
}

Exchange ExampleExchange(int64_t number) {
  Exchange exchange;
  exchange.post = absl::StrCat("did you see what happened at the harbour on day ", number, "?");
  exchange.response = "i did, and i could hardly believe it! they say it will take weeks until that is repaired";
  exchange.time = absl::FromUnixSeconds(1400000000 + number);
  return exchange;
}

double Percentile(std::vector<double>& values, double fraction) {
  if (values.empty()) return 0;
  const size_t index = std::min(values.size() - 1, static_cast<size_t>(fraction * values.size()));
  std::nth_element(values.begin(), values.begin() + index, values.end());
  return values[index];
}

double MeasureDisk(const Settings& settings) {
  const std::string path = settings.folder + "/disk";
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const std::string page(4096 + 24, 'x');
  int64_t writes = 0;
  const absl::Time start = absl::Now(), end = start + absl::Seconds(settings.seconds);
  for (; absl::Now() < end; ++writes) {
    if (write(file, page.data(), page.size()) < 0 || fdatasync(file) != 0) Fail(absl::ErrnoToStatus(errno, path));
  }
  const double rate = writes / absl::ToDoubleSeconds(absl::Now() - start);
  close(file);
  std::filesystem::remove(path);
  std::printf("disk    %8.0f appends of one page with fdatasync a second, %.0f us each\n", rate, 1e6 / rate);
  return rate;
}

// Calls `append(client, number)` from each client in turn until the time is up; returns the rate.
double MeasureAppends(const char* name, const Settings& settings, const std::function<bool(int, int64_t)>& append) {
  std::vector<std::vector<double>> times(settings.clients);
  std::vector<std::thread> threads;
  const double cpu_before = CpuSeconds();
  const absl::Time start = absl::Now(), end = start + absl::Seconds(settings.seconds);
  for (int client = 0; client < settings.clients; ++client) {
    threads.emplace_back([&, client] {
      for (int64_t number = 0; absl::Now() < end; ++number) {
        const absl::Time before = absl::Now();
        if (!append(client, number)) std::exit(1);
        times[client].push_back(absl::ToDoubleMicroseconds(absl::Now() - before));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const double elapsed = absl::ToDoubleSeconds(absl::Now() - start);
  std::vector<double> all;
  for (const std::vector<double>& some : times) all.insert(all.end(), some.begin(), some.end());
  const double rate = all.size() / elapsed;
  const double cpu = CpuSeconds() - cpu_before;
  std::printf(
      "%-7s %8.0f durable appends a second from %d clients, p50 %.0f us, p99 %.0f us, %.0f us of processor each\n",
      name, rate, settings.clients, Percentile(all, 0.5), Percentile(all, 0.99), 1e6 * cpu / all.size());
  return rate;
}

double MeasureStore(const Settings& settings) {
  const auto store = OpenStore(settings, "store.db");
  return MeasureAppends("store", settings, [&](int client, int64_t number) {
    const auto result = store->Append({kTenant, absl::StrCat("user", client, "-", number % 100)},
                                      ExampleExchange(number), absl::StrCat(client, "/", number));
    return result.ok();
  });
}

double MeasureGrpc(const Settings& settings) {
  const auto store = OpenStore(settings, "grpc.db");
  testing::FakeEngine engine;
  ServerOptions options;
  options.listen_address = "127.0.0.1:0";
  const auto server = Server::Start(options, engine, *store);
  if (!server.ok()) Fail(server.status());
  std::vector<std::unique_ptr<v1::HistoryService::Stub>> stubs;
  for (int client = 0; client < settings.clients; ++client) {
    grpc::ChannelArguments arguments;
    arguments.SetInt("client", client % 8);  // eight connections
    stubs.push_back(v1::HistoryService::NewStub(
        grpc::CreateCustomChannel((*server)->address(), grpc::InsecureChannelCredentials(), arguments)));
  }
  return MeasureAppends("gRPC", settings, [&](int client, int64_t number) {
    const Exchange exchange = ExampleExchange(number);
    v1::AppendExchangeRequest request;
    request.set_user_id(absl::StrCat("user", client, "-", number % 100));
    request.set_request_id(absl::StrCat(client, "/", number));
    request.mutable_exchange()->set_post(exchange.post);
    request.mutable_exchange()->set_response(exchange.response);
    request.mutable_exchange()->mutable_time()->set_seconds(absl::ToUnixSeconds(exchange.time));
    v1::AppendExchangeResponse response;
    grpc::ClientContext context;
    const grpc::Status status = stubs[client]->AppendExchange(&context, request, &response);
    if (!status.ok()) std::fprintf(stderr, "store_benchmark: %s\n", status.error_message().c_str());
    return status.ok();
  });
}

void Fill(HistoryStore& store, int64_t users) {
  std::vector<ImportRecord> records;
  for (int64_t user = 0; user < users; ++user) {
    for (int64_t number = 0; number < kRecent; ++number) {
      records.push_back({{kTenant, absl::StrCat("user", user)}, ExampleExchange(number), ""});
    }
    if (records.size() < 10000 && user + 1 < users) continue;
    const auto imported = store.Import(records);
    if (!imported.ok()) Fail(imported.status());
    records.clear();
  }
}

void MeasureRecent(const Settings& settings) {
  const auto store = OpenStore(settings, "recent.db");
  const absl::Time start = absl::Now();
  Fill(*store, settings.users);
  const double filled = absl::ToDoubleSeconds(absl::Now() - start);
  std::printf("import  %8.0f exchanges a second, %.0f MiB for %lld exchanges\n", settings.users * kRecent / filled,
              std::filesystem::file_size(settings.folder + "/recent.db") / 1048576.0,
              static_cast<long long>(settings.users * kRecent));
  std::mt19937_64 random(7);
  std::vector<double> times;
  for (int i = 0; i < 20000; ++i) {
    const UserKey user{kTenant, absl::StrCat("user", random() % settings.users)};
    const absl::Time before = absl::Now();
    const auto history = store->Recent(user, kRecent);
    times.push_back(absl::ToDoubleMicroseconds(absl::Now() - before));
    if (!history.ok() || history->exchanges.size() != kRecent) Fail(absl::InternalError("a history is incomplete"));
  }
  std::printf("recent  last %d of a random user among %lld: p50 %.0f us, p99 %.0f us\n", kRecent,
              static_cast<long long>(settings.users), Percentile(times, 0.5), Percentile(times, 0.99));
}

void Run(Settings settings) {
  settings.folder = absl::StrCat(settings.folder, "/store-benchmark-", getpid());
  std::filesystem::create_directory(settings.folder);
  spdlog::set_level(spdlog::level::warn);
  const double disk = MeasureDisk(settings);
  const double store = MeasureStore(settings);
  const double grpc = MeasureGrpc(settings);
  std::printf("        gRPC / store %.2f, appends a flush of the disk at most %.1f\n", grpc / store, grpc / disk);
  if (!settings.skip_recent) MeasureRecent(settings);
  std::filesystem::remove_all(settings.folder);
}

}  // namespace
}  // namespace idiolect

int main(int argc, char** argv) {
  idiolect::Settings settings;
  CLI::App app("How fast the embedded store is on this disk.");
  app.add_option("--folder", settings.folder)->check(CLI::ExistingDirectory);
  app.add_option("--seconds", settings.seconds);
  app.add_option("--clients", settings.clients);
  app.add_option("--users", settings.users);
  app.add_flag("--encrypt", settings.encrypt);
  app.add_flag("--skip-recent", settings.skip_recent);
  CLI11_PARSE(app, argc, argv);
  idiolect::Run(settings);
}
