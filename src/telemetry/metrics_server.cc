// Not by prometheus-cpp's own Exposer: the library behind that one gives its threads stacks of 100 KiB, which is less
// than what libtorch keeps for each thread, so in our program none of them can be started.
#include "telemetry/metrics_server.h"

#include <httplib.h>
#include <sys/socket.h>

#include <chrono>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace idiolect {
namespace {

constexpr int kThreads = 2;
constexpr std::chrono::seconds kPatience{5};  // with a client that says nothing, or does not read
constexpr size_t kMostRequestBytes = 1 << 16;

// The library's own would let a second server have the same port.
void ReuseAddressOnly(int socket) {
  const int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
}

}  // namespace

class MetricsServer::Impl {
 public:
  explicit Impl(const Metrics& metrics) {
    server_.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    server_.set_socket_options(ReuseAddressOnly);
    server_.set_read_timeout(kPatience);
    server_.set_write_timeout(kPatience);
    server_.set_keep_alive_timeout(kPatience.count());
    server_.set_payload_max_length(kMostRequestBytes);
    server_.Get("/metrics", [&metrics](const httplib::Request&, httplib::Response& response) {
      response.set_content(metrics.Text(), "text/plain; version=0.0.4; charset=utf-8");
    });
  }
  ~Impl() {
    if (!thread_.joinable()) return;
    server_.stop();
    thread_.join();
  }

  bool Listen(const std::string& host, int port) {
    const std::string bare = host.starts_with('[') ? host.substr(1, host.size() - 2) : host;  // "[::1]"
    port = port == 0 ? server_.bind_to_any_port(bare) : server_.bind_to_port(bare, port) ? port : -1;
    if (port < 0) return false;
    address_ = absl::StrCat(host, ":", port);
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();  // only then can it be stopped
    return true;
  }
  const std::string& address() const { return address_; }

 private:
  httplib::Server server_;
  std::string address_;
  std::thread thread_;
};

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(const std::string& address,
                                                                    const Metrics& metrics) {
  const size_t colon = address.rfind(':');
  int port = -1;
  if (colon == std::string::npos || !absl::SimpleAtoi(address.substr(colon + 1), &port) || port < 0 || port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("metrics_listen: expected HOST:PORT, got '", address, "'"));
  }
  auto impl = std::make_unique<Impl>(metrics);
  if (!impl->Listen(address.substr(0, colon), port)) {
    return absl::UnavailableError(absl::StrCat("metrics_listen: can't listen on ", address));
  }
  return std::unique_ptr<MetricsServer>(new MetricsServer(std::move(impl)));
}

MetricsServer::MetricsServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MetricsServer::~MetricsServer() = default;

std::string MetricsServer::address() const { return impl_->address(); }

}  // namespace idiolect
