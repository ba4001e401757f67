#include "cli/serve_settings.h"

#include "cli/store_flags.h"
#include "serve/listener.h"
#include "store/master_key.h"
#include "store/postgres_url.h"

namespace idiolect {

void ServeSettings::AddTo(Settings& s) {
  s.Group("What is served, and where");
  s.Add("model", model_dir, "Model directory");
  s.Add("store", store_url, "Where histories live: sqlite:PATH, postgres://HOST/DATABASE or memory:")
      .ShownAs([](const std::string& url) { return ShownStoreUrl(url); });
  s.Add("listen", server.listen_address, "Address; port 0 takes a free one");

  s.Group("Who may call");
  s.Add("api_keys_file", server.api_keys_file, "Ask for API keys, which are in this file; see `idiolect keys`");
  s.Add("audit_file", server.audit_file, "Record there who reads, exports or erases whose data; see `idiolect audit`");
  s.Add("audit_user_ids", server.audit_user_ids, "Users stand there by their ids, else by a hash");
  s.Add("tls_cert", server.tls.cert,
        "Encrypt with this certificate (PEM, with those in between); read again when it changes");
  s.Add("tls_key", server.tls.key, "Its private key (PEM)");
  s.Add("tls_client_ca", server.tls.client_ca, "Clients must show a certificate that one of these has signed (PEM)");
  s.Add("open_health", server.open_health, "Health checks answer everybody, also who has no key; else nobody");
  s.Add("unsafe_remote", server.unsafe_remote, "Listen for other machines without TLS or keys; the next two say which");
  s.Add("unsafe_no_tls", server.unsafe_no_tls, "With unsafe_remote: without TLS, which is terminated elsewhere");
  s.Add("unsafe_no_keys", server.unsafe_no_keys,
        "With unsafe_remote: without API keys; who is calling is asked elsewhere");

  s.Group("The engine");
  engine.AddTo(s);

  s.Group("Limits of connections");
  s.Add("max_connections", server.max_connections, {1, 1e6}, "At a time; at the limit silent ones make room");
  s.Add("max_calls_per_connection", server.max_calls_per_connection, {1, 1e6}, "At a time; further ones wait");
  s.Add("max_resets_per_second", server.max_resets_per_second, {0, 1e6},
        "Who resets more new calls is put off for 10 s; behind a proxy 0: nobody");
  s.Add("max_bytes_per_second", server.max_bytes_per_second, {0, 1e12},
        "Who sends more is put off for 10 s; behind a proxy 0: nobody");
  s.Add("silent_connection_seconds", silent_connection_seconds, {0.1, 86400},
        "At the limit one on which nothing has come or gone for so long makes room");
  s.Add("idle_connection_seconds", idle_connection_seconds, {1, 86400}, "One without a call for so long is closed");
  s.Add("handshake_seconds", handshake_seconds, {0.1, 3600}, "How long a new one may take until it speaks HTTP/2");

  s.Group("Limits of requests");
  s.Add("max_message_bytes", server.max_message_bytes, {1024, 1 << 30}, "Of one request message");
  s.Add("max_text_bytes", server.max_text_bytes, {16, 1 << 20}, "Of a post, a response or a candidate");
  s.Add("max_unsent_bytes", server.max_unsent_bytes, {16384, 1e12},
        "Of answers that wait for slow readers, all together");
  s.Add("stuck_seconds", stuck_seconds, {0.1, 86400}, "Who takes nothing of an answer for so long is cancelled");
  s.Add("store_threads", server.store_threads, {1, 4096}, "Threads that wait for the store");
  s.Add("max_store_queue", server.max_store_queue, {1, 1e9}, "Calls that may wait for such a thread");
  s.Add("drain_seconds", drain_seconds, {0, 86400}, "How long calls in flight may go on at the end");

  s.Group("What its operator sees");
  observe.AddTo(s);

  s.Group("Keeping histories");
  s.Add("master_key", master_key, "Encrypt texts at rest under this key").Secret();
  s.Add("master_key_file", master_key_file, "Encrypt texts at rest under the key in this file");
  s.Add("ttl_days", ttl_days, "Delete exchanges older than DAYS, or with TENANT=DAYS those of one tenant");
  s.Add("max_history_per_user", max_history, kAnyCount, "Delete the first exchanges of longer histories; 0: none");
  s.Add("wipe_memory", wipe_memory, "Overwrite memory that is freed, so that no text stays behind");
  s.Add("unsafe_lose_power_cuts", unsafe_lose_power_cuts, "For scripts/check-power-cuts").Hidden();
}

absl::Status ServeSettings::Check() const {
  if (model_dir.empty()) {
    return absl::InvalidArgumentError("model: is not set; --model DIR, IDIOLECT_MODEL or a line of the --config file");
  }
  if (store_url.empty()) {
    return absl::InvalidArgumentError("store: is not set; --store URL, IDIOLECT_STORE or a line of the --config file");
  }
  return CheckListener(server);
}

void ServeSettings::ConvertTimes() {
  server.drain_limit = absl::Seconds(drain_seconds);
  server.idle_connection = absl::Seconds(idle_connection_seconds);
  server.handshake_limit = absl::Seconds(handshake_seconds);
  server.silent_connection = absl::Seconds(silent_connection_seconds);
  server.stuck_limit = absl::Seconds(stuck_seconds);
}

absl::Status ServeSettings::FindVault(std::shared_ptr<const TextVault>& vault) const {
  if (!master_key_file.empty() || master_key.empty()) return idiolect::FindVault(master_key_file, vault);
  absl::StatusOr<SecretKey> key = ParseMasterKey(master_key, "the setting master_key");
  if (key.ok()) vault = std::make_shared<TextVault>(*std::move(key));
  return key.status();
}

}  // namespace idiolect
