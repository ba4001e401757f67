// The one thread that writes to the database. Calls that wait at the same time are committed together: many callers
// cost one flush of the disk.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "store/log_keeper.h"
#include "store/sqlite_connection.h"
#include "store/store_options.h"

namespace idiolect {

class GroupWriter {
 public:
  // Runs on the writer's thread, inside a transaction. Its error undoes its own changes and nobody else's. It may be
  // run twice, after its changes were undone.
  using Operation = absl::FunctionRef<absl::Status(SqliteConnection&)>;

  struct Pruned {
    bool erased = false;  // text was deleted
    bool more = false;    // go on soon
  };
  // What runs beside the operations, on the writer's thread too.
  struct Hooks {
    // An operation that runs every `options.prune_interval`.
    std::function<absl::StatusOr<Pruned>(SqliteConnection&)> prune;
    // Makes durable what a commit will refer to; its error takes the place of the commit. May be empty, as the others.
    std::function<absl::Status()> before_commit = {};
    std::function<void()> after_rollback = {};
    // Goes on with an erasure outside of the database, after the commit; repeated until it succeeds.
    std::function<absl::Status(SqliteConnection&)> after_erasure = {};
    // When the erased text is in no file of the database any more: memory is what is left.
    std::function<void()> after_scrub = {};
  };
  GroupWriter(std::unique_ptr<SqliteConnection> connection, std::unique_ptr<LogKeeper> log_keeper,
              const StoreOptions& options, Hooks hooks);
  // No call may be under way.
  ~GroupWriter();

  const std::string& path() const { return connection_->path(); }

  // Returns when the operation's changes are durable, or nothing of them is there. From any thread.
  absl::Status Write(Operation operation) { return Enqueue(operation, /*erases=*/false); }
  // The same for an operation that deletes text, which is overwritten as well.
  absl::Status Erase(Operation operation) { return Enqueue(operation, /*erases=*/true); }

 private:
  struct Call {
    Operation operation;
    bool erases;
    absl::Status status;
    std::promise<void> done;
  };
  using Group = std::vector<Call*>;

  absl::Status Enqueue(Operation operation, bool erases);
  void Work();
  // Waits for calls; empty after a while without any, and when the writer stops.
  Group TakeGroup();
  void RunGroup(const Group& group);
  void RunTogether(const Group& group);
  // The commit's status; a call's own goes into the call.
  absl::Status RunInTransaction(const Group& group);
  absl::Status RunInSavepoint(Operation operation);
  void PruneIfDue();
  void FinishErasure();
  // Copies the log where it is long, and goes on with erasures that were held back.
  void Tend();
  void ForgetErased();

  const StoreOptions options_;
  const Hooks hooks_;
  absl::Time last_prune_ = absl::InfinitePast();
  bool prune_more_ = false;
  std::unique_ptr<SqliteConnection> connection_;
  std::unique_ptr<LogKeeper> log_keeper_;
  bool erasure_unfinished_ = false;  // outside of the database

  std::mutex mutex_;  // guards queue_ and stopping_
  std::condition_variable wake_;
  std::deque<Call*> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace idiolect
