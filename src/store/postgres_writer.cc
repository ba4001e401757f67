#include "store/postgres_writer.h"

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"
#include "store/status_macros.h"
#include "store/wipe.h"

namespace idiolect {

PostgresWriter::PostgresWriter(PostgresPool& pool, MakeContext make_context, int threads, int max_group_size)
    : pool_(pool), make_context_(std::move(make_context)), max_group_size_(max_group_size) {
  for (int i = 0; i < threads; ++i) lanes_.push_back(std::make_unique<Lane>());
  for (const std::unique_ptr<Lane>& lane : lanes_) lane->thread = std::thread([this, &lane = *lane] { Work(lane); });
}

PostgresWriter::~PostgresWriter() {
  for (const std::unique_ptr<Lane>& lane : lanes_) {
    const std::lock_guard lock(lane->mutex);
    lane->stopping = true;
    lane->wake.notify_one();
  }
  for (const std::unique_ptr<Lane>& lane : lanes_) lane->thread.join();
}

absl::StatusOr<AppendResult> PostgresWriter::Append(const UserKey& user, const Exchange& exchange,
                                                    std::string_view request_id) {
  Call call{.append = {.user = user, .exchange = exchange, .call = CallId(request_id)}};
  const std::future<void> done = call.done.get_future();
  Lane& lane = *lanes_[absl::HashOf(user) % lanes_.size()];
  {
    const std::lock_guard lock(lane.mutex);
    lane.queue.push_back(&call);
  }
  lane.wake.notify_one();
  done.wait();
  return std::move(call.append.result);
}

void PostgresWriter::Work(Lane& lane) {
  while (true) {
    const Group group = TakeGroup(lane);
    if (group.empty()) return;
    RunGroup(group);
  }
}

PostgresWriter::Group PostgresWriter::TakeGroup(Lane& lane) const {
  std::unique_lock lock(lane.mutex);
  lane.wake.wait(lock, [&] { return lane.stopping || !lane.queue.empty(); });
  const size_t size = std::min(lane.queue.size(), max_group_size_);
  Group group(lane.queue.begin(), lane.queue.begin() + size);
  lane.queue.erase(lane.queue.begin(), lane.queue.begin() + size);
  return group;
}

void PostgresWriter::RunGroup(const Group& group) {
  RunTogether(group);
  for (Call* call : group) {
    // Moved out, because the call is gone as soon as its caller wakes.
    std::promise<void> done = std::move(call->done);
    done.set_value();
  }
  WipeUnusedStack();  // which held texts
}

void PostgresWriter::RunTogether(absl::Span<Call* const> calls) {
  std::vector<PostgresAppend*> appends;
  for (Call* call : calls) appends.push_back(&call->append);
  const absl::Status status = pool_.Run([&](PostgresConnection& connection) -> absl::Status {
    const PostgresWriteContext context = make_context_();
    PostgresAppends transaction(connection, context, appends);
    STORE_RETURN_IF_ERROR(transaction.Lock());
    transaction.Decide();
    return transaction.Commit();
  });
  if (status.ok()) return;
  if (calls.size() > 1 && !absl::IsUnavailable(status)) {
    // What the database finds wrong with one must not take the others down with it.
    for (size_t i = 0; i < calls.size(); ++i) RunTogether(calls.subspan(i, 1));
    return;
  }
  for (PostgresAppend* append : appends) append->result = status;
}

}  // namespace idiolect
