// What is loaded: an engine in this process, or a server over gRPC.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/workload.h"
#include "grpcpp/channel.h"
#include "idiolect/engine.h"

namespace idiolect {

struct BenchRequest {
  int user = 0;
  int64_t number = 0;  // which post, and the seed
};

struct BenchOutcome {
  absl::Status status;
  // As the engine measured them; with streaming, the first token as the client saw it.
  absl::Duration queue, first_token;
  bool profile_built = false;
  int tokens = 0;
};

// What is asked for in each request.
struct BenchAsk {
  DecodingOptions decoding;
  int score_candidates = 0;  // above 0: a ranking of so many candidates instead of a reply
  absl::Duration timeout = absl::InfiniteDuration();
  bool stream = false;  // StreamReply; gRPC only
};

class BenchTarget {
 public:
  virtual ~BenchTarget() = default;
  // `done` is called once, from any thread, and must not block.
  virtual void Send(const BenchRequest& request, std::function<void(const BenchOutcome&)> done) = 0;
  // Adds an exchange to the user's history; waits until it is there.
  virtual absl::Status Append(int user, int64_t number) = 0;
  // Nothing for a server in another process.
  virtual std::optional<EngineStats> stats() const = 0;
};

// Both must outlive the target.
std::unique_ptr<BenchTarget> MakeEngineTarget(Engine& engine, const Workload& workload, const BenchAsk& ask);

// Tells the server at `address` about the workload's users first, where `import` says so.
absl::StatusOr<std::unique_ptr<BenchTarget>> MakeGrpcTarget(std::shared_ptr<grpc::Channel> channel,
                                                            const Workload& workload, const BenchAsk& ask, bool import,
                                                            const Engine* engine);

}  // namespace idiolect
