// How a server listens and what it lets in, passed whole.
#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "telemetry/call_trace.h"
#include "telemetry/metrics.h"

namespace idiolect {

// Files in PEM.
struct TlsOptions {
  std::string cert;       // the server's certificate, followed by those in between up to a well-known one
  std::string key;        // its private key
  std::string client_ca;  // clients must show a certificate that one of these has signed; empty: they need none

  bool enabled() const { return !cert.empty() || !key.empty() || !client_ca.empty(); }
};

struct ServerOptions {
  // HOST:PORT, [IPV6]:PORT or unix:PATH. Port 0 takes a free one, see Server::port. Only this machine can reach the
  // default; for others see CheckListener.
  std::string listen_address = "127.0.0.1:50051";
  TlsOptions tls;
  std::string api_keys_file;    // of access/api_key_file.h; empty: nobody is asked who they are
  std::string audit_file;       // of access/audit_log.h: who read, exported or erased whose data; empty: not recorded
  bool audit_user_ids = false;  // users stand in it by their ids, else by a hash
  bool unsafe_remote = false, unsafe_no_tls = false, unsafe_no_keys = false;  // see CheckListener

  // Connections at a time, of TCP. One more takes the place of one on which nothing has come or gone for
  // `silent_connection`; where there is none, it is closed.
  int max_connections = 1024;
  absl::Duration silent_connection = absl::Seconds(10);
  absl::Duration handshake_limit = absl::Seconds(10);  // how long a new one may take until it speaks HTTP/2
  absl::Duration idle_connection = absl::Minutes(10);  // one without a call for so long is closed
  // At a time; further ones wait with the client, who hears nothing of them. So the default is above what the engine's
  // queue takes: a client that sends too much over one connection is to be told so, by RESOURCE_EXHAUSTED.
  int max_calls_per_connection = 2048;
  // Who resets more calls than that in a second, right after they were begun, is put off for a while; 0: nobody. Of one
  // address, so behind a proxy it has to be 0.
  int max_resets_per_second = 200;
  // The same of who sends more bytes in a second. An import sends a tenth of it.
  int64_t max_bytes_per_second = 64 << 20;
  bool open_health = true;  // health checks answer everybody, also who has no key; else nobody

  int max_message_bytes = 4 << 20;  // of one request message; a longer one is RESOURCE_EXHAUSTED
  // Of answers that wait for slow readers, all clients together; a longer one than 16 KiB that comes on top is
  // RESOURCE_EXHAUSTED. Who takes nothing for `stuck_limit` is cancelled.
  int64_t max_unsent_bytes = 32 << 20;
  absl::Duration stuck_limit = absl::Seconds(30);
  int max_text_bytes = 16384;  // of a post, a response or a candidate
  // Threads that wait for the store. Appends that wait together are committed together, so this is also how many
  // appends share one flush of the disk.
  int store_threads = 64;
  int max_store_queue = 4096;  // calls waiting for such a thread; one more is RESOURCE_EXHAUSTED
  // How long calls in flight may go on after Shutdown; then they are ended with CANCELLED.
  absl::Duration drain_limit = absl::Seconds(20);
  std::shared_ptr<Metrics> metrics;                        // where calls are counted; null: nowhere
  Tracing tracing;                                         // which calls are traced; by default none
  absl::Duration store_check_interval = absl::Seconds(1);  // between two questions whether the store can be reached
};

}  // namespace idiolect
