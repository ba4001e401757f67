// The engine that serves at present, and its replacement while calls go on: a new model is loaded, checked and tried
// beside the old one, then takes all new calls at once. Calls in flight finish on the model that they began with, and
// when the last of them has ended the old engine goes. Meanwhile both are in memory.
//
// A call takes a lease before it reads a history and holds it until the engine has answered: the model says how much of
// the history is read, and only the same model may make a profile of it.
//
// Thread-safe.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "idiolect/engine.h"
#include "telemetry/metrics.h"

namespace idiolect {

class ModelHost {
 public:
  using Lease = std::shared_ptr<Engine>;
  // From a model directory to a running engine; StartEngine with the server's options.
  using Loader = std::function<absl::StatusOr<std::unique_ptr<Engine>>(const std::string& model_dir)>;

  // Loads and tries `model_dir`. Later loads are counted in `metrics`, if given. Errors are the loader's, or the
  // self-test's (serve/self_test.h).
  static absl::StatusOr<std::unique_ptr<ModelHost>> Start(const std::string& model_dir, Loader loader,
                                                          std::shared_ptr<Metrics> metrics = nullptr);
  // Of an engine that stays, and must outlive the host.
  explicit ModelHost(Engine& engine);
  ~ModelHost();  // waits until no lease is held, and destroys the engines
  ModelHost(const ModelHost&) = delete;
  ModelHost& operator=(const ModelHost&) = delete;

  // The engine at present, alive as long as the lease is. May be dropped on any thread, the engine's own included.
  Lease Current() const;

  // Replaces the model, or returns an error and changes nothing: what the loader or the self-test says;
  // kFailedPrecondition where `content_hash` is not empty and not the new model's; kAborted while another load goes on;
  // kUnimplemented where the engine stays. Blocks for as long as loading takes; returns a lease on the new engine.
  absl::StatusOr<Lease> Load(const std::string& model_dir, const std::string& content_hash = "");
  // The directory that Start was given, and one beside it.
  const std::string& model_dir() const { return model_dir_; }
  std::string SiblingDir(const std::string& name) const;

  // To be called when something of the user's history has been erased from the store, or may have (kUnavailable leaves
  // that open): what was derived from it goes. May block; not from an engine's thread. How this leaves no gap: serve/erasures.h.
  void Erased(const UserKey& user);
  // How many erasures there have been, of whomever.
  uint64_t erasures() const { return erasures_.load(); }
  // Engine::Forget on every engine that a call may still be using. Not from an engine's thread.
  void Forget(const UserKey& user);

 private:
  ModelHost(std::string model_dir, Loader loader, std::shared_ptr<Metrics> metrics);
  absl::StatusOr<std::unique_ptr<Engine>> LoadChecked(const std::string& dir, const std::string& content_hash) const;
  Lease Adopt(std::unique_ptr<Engine> engine);
  void Retire(Engine* engine);
  void Reap();

  const std::string model_dir_;
  const Loader loader_;
  const std::shared_ptr<Metrics> metrics_;
  std::atomic<uint64_t> erasures_{0};
  std::mutex loading_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  Lease current_;
  std::vector<Engine*> engines_;                  // all that are not destroyed yet
  std::vector<std::unique_ptr<Engine>> retired_;  // of these, without any lease: the reaper's
  bool destroying_ = false;                       // the reaper is at it
  int forgetting_ = 0;                            // calls of Forget, for which it waits
  bool stopping_ = false;
  std::thread reaper_;  // an engine can't be destroyed by its own thread, which may drop the last lease
};

}  // namespace idiolect
