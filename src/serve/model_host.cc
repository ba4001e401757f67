#include "serve/model_host.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "serve/self_test.h"
#include "spdlog/spdlog.h"

namespace idiolect {

absl::StatusOr<std::unique_ptr<ModelHost>> ModelHost::Start(const std::string& model_dir, Loader loader,
                                                            std::shared_ptr<Metrics> metrics) {
  std::unique_ptr<ModelHost> host(new ModelHost(model_dir, std::move(loader), std::move(metrics)));
  absl::StatusOr<std::unique_ptr<Engine>> engine = host->LoadChecked(model_dir, "");
  if (!engine.ok()) return engine.status();
  host->current_ = host->Adopt(*std::move(engine));
  return host;
}

ModelHost::ModelHost(Engine& engine) : current_(&engine, [](Engine*) {}), engines_{&engine} {}

ModelHost::ModelHost(std::string model_dir, Loader loader, std::shared_ptr<Metrics> metrics)
    : model_dir_(std::move(model_dir)),
      loader_(std::move(loader)),
      metrics_(std::move(metrics)),
      reaper_([this] { Reap(); }) {}

ModelHost::~ModelHost() {
  Lease last;
  {
    const std::lock_guard lock(mutex_);
    last = std::move(current_);
    stopping_ = true;
  }
  last.reset();
  changed_.notify_all();
  if (reaper_.joinable()) reaper_.join();
}

ModelHost::Lease ModelHost::Current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

std::string ModelHost::SiblingDir(const std::string& name) const {
  if (name.empty()) return model_dir_;
  std::error_code unknown;  // where the process stands; then a relative path has to do
  std::filesystem::path path = std::filesystem::absolute(model_dir_, unknown).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  return (path.parent_path() / name).string();
}

absl::StatusOr<ModelHost::Lease> ModelHost::Load(const std::string& model_dir, const std::string& content_hash) {
  if (loader_ == nullptr) return absl::UnimplementedError("this server's model can't be replaced");
  const std::unique_lock loading(loading_, std::try_to_lock);
  if (!loading.owns_lock()) return absl::AbortedError("another model is being loaded; try again when it is done");
  const absl::Time start = absl::Now();
  absl::StatusOr<std::unique_ptr<Engine>> engine = LoadChecked(model_dir, content_hash);
  if (metrics_ != nullptr) metrics_->OnModelLoad(engine.ok());
  if (!engine.ok()) {
    spdlog::error("keeping the model, {} is not taken: {}", model_dir, std::string(engine.status().message()));
    return engine.status();
  }
  const Lease fresh = Adopt(*std::move(engine));
  Lease before = fresh;
  {
    const std::lock_guard lock(mutex_);
    std::swap(current_, before);
  }
  spdlog::info("model {} serves after {:.1f} s of loading, content {}", fresh->model_info().name,
               absl::ToDoubleSeconds(absl::Now() - start), fresh->model_info().content_hash.substr(0, 12));
  return fresh;
}

absl::StatusOr<std::unique_ptr<Engine>> ModelHost::LoadChecked(const std::string& dir,
                                                               const std::string& content_hash) const {
  absl::StatusOr<std::unique_ptr<Engine>> engine = loader_(dir);
  if (!engine.ok()) return engine;
  const std::string& found = (*engine)->model_info().content_hash;
  if (!content_hash.empty() && content_hash != found) {
    return absl::FailedPreconditionError(absl::StrCat("content_hash: the model's is ", found));
  }
  absl::Status tried = SelfTest(**engine);
  if (!tried.ok()) return tried;
  return engine;
}

ModelHost::Lease ModelHost::Adopt(std::unique_ptr<Engine> engine) {
  Lease lease(engine.release(), [this](Engine* gone) { Retire(gone); });
  const std::lock_guard lock(mutex_);
  engines_.push_back(lease.get());
  return lease;
}

void ModelHost::Retire(Engine* engine) {
  // Notified under the lock: the host may be destroyed as soon as the reaper has seen to this engine.
  const std::lock_guard lock(mutex_);
  retired_.emplace_back(engine);
  changed_.notify_all();
}

void ModelHost::Reap() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return (!retired_.empty() && forgetting_ == 0) || (stopping_ && engines_.empty()); });
    if (engines_.empty()) return;
    std::vector<std::unique_ptr<Engine>> going = std::move(retired_);
    for (const auto& engine : going) std::erase(engines_, engine.get());
    destroying_ = true;
    lock.unlock();
    going.clear();  // joins their threads
    lock.lock();
    destroying_ = false;
    changed_.notify_all();
  }
}

void ModelHost::Erased(const UserKey& user) {
  erasures_.fetch_add(1);
  Forget(user);
}

void ModelHost::Forget(const UserKey& user) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !destroying_; });  // what is being destroyed still holds profiles
  ++forgetting_;
  const std::vector<Engine*> engines = engines_;
  lock.unlock();
  for (Engine* engine : engines) engine->Forget(user);
  lock.lock();
  --forgetting_;
  changed_.notify_all();
}

}  // namespace idiolect
