// The Engine of this process: a model, and engine threads that share it and the cache of profiles. A request goes to
// the thread that has least to do: were users divided among the threads, one thread would wait for requests, or work
// on too few rows at a time, while the other had a long batch.
#include <algorithm>
#include <filesystem>
#include <optional>
#include <thread>

#include "absl/hash/hash.h"
#include "engine/scheduler.h"
#include "engine/word_counter.h"
#include "idiolect/engine.h"
#include "idiolect/engine_observer.h"

namespace idiolect {
namespace {

constexpr int64_t kWordsShare = 8;  // of the bytes for profiles, one in so many more for what rankings count

class LocalEngine : public Engine {
 public:
  LocalEngine(const std::string& name, std::unique_ptr<ServingModel> model, const EngineOptions& options,
              EngineObserver* observer)
      : model_(std::move(model)),
        info_(InfoOf(name, *model_)),
        limit_(options.max_queue),
        cache_(options.profile_cache_bytes),
        words_(model_->texts().tokenizer(), options.profile_cache_bytes / kWordsShare),
        observer_(observer) {
    const int threads =
        options.engines > 0 ? options.engines : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    for (int i = 0; i < threads; ++i)
      threads_.push_back(std::make_unique<Scheduler>(*model_, limit_, cache_, options.max_batch_rows, observer));
  }

  absl::StatusOr<std::shared_ptr<Ticket>> SubmitReply(ReplyRequest request,
                                                      std::shared_ptr<ReplyObserver> observer) override {
    if (absl::Status s = ValidateDecodingOptions(request.decoding, info_.max_response_tokens); !s.ok()) return s;
    return LeastLoaded().Submit(
        MakeReplyJob(*model_, std::move(request), std::move(observer), cache_.forget_count(), observer_));
  }

  absl::StatusOr<std::shared_ptr<Ticket>> SubmitScore(ScoreRequest request, ScoresCallback done) override {
    if (request.candidates.empty() || request.candidates.size() > 64)
      return absl::InvalidArgumentError("candidates: expected 1 to 64");
    const int64_t forget_count = cache_.forget_count();
    std::optional<UserWords> words;
    if (CountsWords(request.scoring)) {
      if (absl::Status s = CheckQueue(); !s.ok()) return s;  // before it takes time
      words = words_.Count(request.user, request.history);
    }
    return LeastLoaded().Submit(
        MakeScoreJob(*model_, std::move(request), std::move(words), std::move(done), forget_count));
  }

  absl::StatusOr<std::shared_ptr<Ticket>> SubmitProfile(const UserKey& user, History history, absl::Time deadline,
                                                        ProfileCallback done) override {
    return LeastLoaded().Submit(
        MakeProfileJob(user, std::move(history), deadline, std::move(done), cache_.forget_count()));
  }

  absl::StatusOr<std::shared_ptr<Ticket>> SubmitMemoryQuery(const UserKey& user, History history, std::string post,
                                                            absl::Time deadline, MemoryCallback done) override {
    return LeastLoaded().Submit(
        MakeMemoryJob(user, std::move(history), std::move(post), deadline, std::move(done), cache_.forget_count()));
  }

  absl::Status CheckQueue() const override { return LeastLoaded().CheckQueue(); }
  bool HoldsProfile(const UserKey& user) const override { return cache_.Holds(user); }
  void PrepareProfile(const UserKey& user, History history) override {
    PreparerOf(user).Prepare(user, std::move(history));
  }
  void Forget(const UserKey& user) override {
    cache_.Forget(user);
    words_.Forget(user);
    PreparerOf(user).Forget(user);
  }
  double Surprisal(std::string_view word) const override { return model_->texts().tokenizer().Surprisal(word); }
  const ModelInfo& model_info() const override { return info_; }

  EngineStats stats() const override {
    EngineStats stats;
    for (const auto& thread : threads_) thread->AddTo(stats);
    stats.profile_cache_bytes = cache_.byte_size() + words_.byte_size();
    return stats;
  }

 private:
  static ModelInfo InfoOf(const std::string& name, const ServingModel& model) {
    const ModelConfig& c = model.config();
    return {.name = name,
            .config_json = ToJson(c),
            .content_hash = model.content_hash(),
            .parameter_count = model.parameter_count(),
            .precision = std::string(PrecisionName(model.precision())),
            .device = "cpu",
            .vocab_size = c.vocab_size,
            .d_model = c.d_model,
            .max_history = c.max_history,
            .max_post_tokens = c.max_post_tokens,
            .max_response_tokens = c.max_response_tokens};
  }

  Scheduler& LeastLoaded() const {
    const auto less = [](const auto& a, const auto& b) { return a->load() < b->load(); };
    return **std::min_element(threads_.begin(), threads_.end(), less);
  }
  // Always the same one, so that a user's newer history never waits behind an older one.
  Scheduler& PreparerOf(const UserKey& user) const { return *threads_[absl::HashOf(user) % threads_.size()]; }

  const std::unique_ptr<ServingModel> model_;
  const ModelInfo info_;
  QueueLimit limit_;
  ProfileCache cache_;
  WordCounter words_;
  EngineObserver* const observer_;
  std::vector<std::unique_ptr<Scheduler>> threads_;
};

absl::StatusOr<std::unique_ptr<Engine>> Start(const std::string& model_dir, const EngineOptions& options,
                                              EngineObserver* observer) {
  auto model = ServingModel::Load(model_dir, options.precision);
  if (!model.ok()) return model.status();
  const std::filesystem::path path = std::filesystem::absolute(model_dir).lexically_normal();
  const std::string name = (path.has_filename() ? path : path.parent_path()).filename().string();
  return std::make_unique<LocalEngine>(name, *std::move(model), options, observer);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> StartEngine(const std::string& model_dir, const EngineOptions& options) {
  return Start(model_dir, options, nullptr);
}

absl::StatusOr<std::unique_ptr<Engine>> StartEngine(const std::string& model_dir, const EngineOptions& options,
                                                    EngineObserver& observer) {
  return Start(model_dir, options, &observer);
}

}  // namespace idiolect
