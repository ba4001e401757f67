// How a server listens and what it lets in, passed whole.
#pragma once

#include <string>

#include "absl/time/time.h"

namespace idiolect {

struct ServerOptions {
  // HOST:PORT, [IPV6]:PORT or unix:PATH. Port 0 takes a free one, see Server::port. Only this machine can reach the
  // default; the server neither encrypts nor asks who is calling.
  std::string listen_address = "127.0.0.1:50051";
  int max_message_bytes = 4 << 20;  // of one request message; a longer one is RESOURCE_EXHAUSTED
  int max_text_bytes = 16384;       // of a post, a response or a candidate
  // Threads that wait for the store. Appends that wait together are committed together, so this is also how many
  // appends share one flush of the disk.
  int store_threads = 64;
  int max_store_queue = 4096;  // calls waiting for such a thread; one more is RESOURCE_EXHAUSTED
  // How long calls in flight may go on after Shutdown; then they are ended with CANCELLED.
  absl::Duration drain_limit = absl::Seconds(20);
  absl::Duration store_check_interval = absl::Seconds(1);  // between two questions whether the store can be reached
};

}  // namespace idiolect
