#include "store/group_writer.h"

#include <algorithm>
#include <utility>

#include "store/wipe.h"

namespace idiolect {
namespace {

constexpr absl::Duration kRetryInterval = absl::Milliseconds(200);
constexpr absl::Duration kMaxIdle = absl::Hours(1);

}  // namespace

GroupWriter::GroupWriter(std::unique_ptr<SqliteConnection> connection, std::unique_ptr<LogKeeper> log_keeper,
                         const StoreOptions& options, Hooks hooks)
    : options_(options),
      hooks_(std::move(hooks)),
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
    Tend();
    const std::lock_guard lock(mutex_);
    if (stopping_ && queue_.empty()) return;
  }
}

GroupWriter::Group GroupWriter::TakeGroup() {
  const absl::Duration patience = log_keeper_->erasure_pending() || erasure_unfinished_ || prune_more_
                                      ? kRetryInterval
                                      : std::clamp(options_.prune_interval, kRetryInterval, kMaxIdle);
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
  if (erased) FinishErasure();
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
  if (hooks_.after_rollback) hooks_.after_rollback();
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
  if (hooks_.before_commit) STORE_RETURN_IF_ERROR(hooks_.before_commit());
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
  if (!prune_more_ && now - last_prune_ < options_.prune_interval) return;
  last_prune_ = now;
  Pruned result;
  const auto operation = [&](SqliteConnection& connection) {
    const absl::StatusOr<Pruned> pruned = hooks_.prune(connection);
    result = pruned.value_or(Pruned());
    return pruned.status();
  };
  Call call{.operation = operation, .erases = false, .status = {}, .done = {}};
  RunTogether({&call});  // what fails now is tried again at the next interval
  prune_more_ = false;
  if (!call.status.ok()) return;
  if (result.erased) FinishErasure();
  prune_more_ = result.more;
}

void GroupWriter::FinishErasure() {
  erasure_unfinished_ = hooks_.after_erasure && !hooks_.after_erasure(*connection_).ok();
  log_keeper_->Erase();
  if (!log_keeper_->erasure_pending()) ForgetErased();
}

void GroupWriter::Tend() {
  if (erasure_unfinished_) FinishErasure();
  const bool pending = log_keeper_->erasure_pending();
  log_keeper_->Tend();
  if (pending && !log_keeper_->erasure_pending()) ForgetErased();
}

void GroupWriter::ForgetErased() {
  if (hooks_.after_scrub) hooks_.after_scrub();
  WipeUnusedStack();
}

}  // namespace idiolect
