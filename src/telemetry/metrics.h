// What is counted and timed, in Prometheus's terms; docs/metrics.md lists every metric. No label holds a user, a tenant
// or a text: labels are methods, codes, operations and models, so their number is bounded.
//
// Thread-safe. Each call takes well below a microsecond.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "idiolect/engine.h"
#include "idiolect/engine_observer.h"

namespace idiolect {

class Metrics final : public EngineObserver {
 public:
  Metrics();
  ~Metrics() override;

  // `method` and `code` are literals: "DialogueService.GenerateReply", "OK".
  void OnCallStart();
  void OnCallEnd(std::string_view method, std::string_view code, absl::Duration took);

  // `history_length`: exchanges that the model had to go by.
  void OnAnswer(const Reply& reply, int history_length);

  // `operation` is a literal: "Append".
  void OnStoreOperation(std::string_view operation, bool ok, absl::Duration took);

  void OnModelLoad(bool ok);
  void OnReadiness(bool ready);
  void OnClosedForResets();  // closed for resetting too many calls
  void OnClosedForBytes();   // closed for sending too much
  void OnSpansDropped(int64_t count);

  // From here on each scrape asks `stats` and `info`, which must be callable as long as anybody scrapes.
  void WatchEngine(std::function<EngineStats()> stats, std::function<ModelInfo()> info);

  void OnStep(int rows, absl::Duration took) override;
  void OnLeftQueue(absl::Duration waited) override;
  void OnReply(int tokens, int copied) override;

  // All of it, as a scrape gets it.
  std::string Text() const;

 private:
  struct Families;
  const std::unique_ptr<Families> families_;
};

}  // namespace idiolect
