#include "store/group_writer.h"

#include <algorithm>
#include <utility>

namespace idiolect {
namespace {

constexpr absl::Duration kRetryInterval = absl::Milliseconds(200);
constexpr absl::Duration kMaxIdle = absl::Hours(1);

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
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
  // Else SQLite would copy the log into the database when the connection closes, and nobody would scrub.
  log_keeper_->Erase();
}

absl::Status GroupWriter::Enqueue(Operation operation, bool erases) {
  Call call{.operation = operation, .erases = erases, .status = {}, .done = {}};
  const std::future<void> done = call.done.get_future();
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(&call);
  }
  wake_.notify_one();
  done.wait();
  return call.status;
}

void GroupWriter::Work() {
  while (true) {
    const Group group = TakeGroup();
    RunGroup(group);
    PruneIfDue();
    log_keeper_->Tend();
    const std::lock_guard lock(mutex_);
    if (stopping_ && queue_.empty()) return;
  }
}

GroupWriter::Group GroupWriter::TakeGroup() {
  const absl::Duration patience =
      log_keeper_->erasure_pending() ? kRetryInterval : std::clamp(options_.prune_interval, kRetryInterval, kMaxIdle);
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, absl::ToChronoMilliseconds(patience), [this] { return stopping_ || !queue_.empty(); });
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
  for (Call* call : group) {
    // Moved out, because the call is gone as soon as its caller wakes.
    std::promise<void> done = std::move(call->done);
    done.set_value();
  }
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
