#include "store/group_writer.h"

#include <algorithm>
#include <utility>

namespace idiolect {
namespace {

constexpr absl::Duration kErasureRetryInterval = absl::Milliseconds(200);

}  // namespace

GroupWriter::GroupWriter(std::unique_ptr<SqliteConnection> connection, std::unique_ptr<LogKeeper> log_keeper,
                         const StoreOptions& options, std::function<absl::Status(SqliteConnection&)> prune)
    : options_(options),
      prune_(std::move(prune)),
      connection_(std::move(connection)),
      log_keeper_(std::move(log_keeper)),
      thread_([this] { Work(); }) {}

GroupWriter::~GroupWriter() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
  // Else SQLite would copy the log into the database when the connection closes, and nobody would scrub.
  log_keeper_->Erase();
}

absl::Status GroupWriter::Enqueue(Operation operation, bool erases) {
  Call call{.operation = operation, .erases = erases, .status = {}, .done = {}};
  {
    absl::MutexLock lock(&mutex_);
    queue_.push_back(&call);
  }
  call.done.WaitForNotification();
  return call.status;
}

void GroupWriter::Work() {
  while (true) {
    const Group group = TakeGroup();
    RunGroup(group);
    PruneIfDue();
    log_keeper_->Tend();
    absl::MutexLock lock(&mutex_);
    if (stopping_ && queue_.empty()) return;
  }
}

GroupWriter::Group GroupWriter::TakeGroup() {
  const absl::Duration patience =
      log_keeper_->erasure_pending() ? kErasureRetryInterval : std::max(options_.prune_interval, kErasureRetryInterval);
  absl::MutexLock lock(&mutex_);
  const auto awake = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return stopping_ || !queue_.empty(); };
  mutex_.AwaitWithTimeout(absl::Condition(&awake), patience);
  const size_t size = std::min<size_t>(queue_.size(), options_.max_group_size);
  Group group(queue_.begin(), queue_.begin() + size);
  queue_.erase(queue_.begin(), queue_.begin() + size);
  return group;
}

void GroupWriter::RunGroup(const Group& group) {
  if (group.empty()) return;
  RunTogether(group);
  const bool erased =
      std::any_of(group.begin(), group.end(), [](const Call* call) { return call->erases && call->status.ok(); });
  if (erased) log_keeper_->Erase();
  // The caller's call is gone as soon as it is notified.
  for (Call* call : group) call->done.Notify();
}

void GroupWriter::RunTogether(const Group& group) {
  if (const absl::Status begun = connection_->Run("BEGIN IMMEDIATE"); !begun.ok()) {
    for (Call* call : group) call->status = begun;
    return;
  }
  const absl::Status committed = RunInTransaction(group);
  if (committed.ok()) return;
  if (connection_->in_transaction()) connection_->Run("ROLLBACK").IgnoreError();
  if (group.size() == 1) {
    group.front()->status = committed;
    return;
  }
  // What is too big for the disk, say, must not take the others down with it.
  for (Call* call : group) RunTogether({call});
}

absl::Status GroupWriter::RunInTransaction(const Group& group) {
  for (Call* call : group) {
    call->status = RunInSavepoint(call->operation);
    if (!connection_->in_transaction()) return call->status;  // SQLite has undone everything
  }
  return connection_->Run("COMMIT");
}

absl::Status GroupWriter::RunInSavepoint(Operation operation) {
  STORE_RETURN_IF_ERROR(connection_->Run("SAVEPOINT operation"));
  const absl::Status status = operation(*connection_);
  if (!connection_->in_transaction()) {
    return status.ok() ? absl::InternalError("an operation ended the writer's transaction") : status;
  }
  if (!status.ok()) STORE_RETURN_IF_ERROR(connection_->Run("ROLLBACK TO operation"));
  STORE_RETURN_IF_ERROR(connection_->Run("RELEASE operation"));
  return status;
}

void GroupWriter::PruneIfDue() {
  const absl::Time now = options_.now();
  if (now - last_prune_ < options_.prune_interval) return;
  last_prune_ = now;
  Call call{.operation = prune_, .erases = false, .status = {}, .done = {}};
  RunTogether({&call});  // what fails now is tried again at the next interval
}

}  // namespace idiolect
