// The Engine of this process: a model, a cache, a scheduler.
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "engine/scheduler.h"
#include "idiolect/engine.h"

namespace idiolect {
namespace {

class LocalEngine : public Engine {
 public:
  LocalEngine(const std::string& name, std::unique_ptr<DhapModel> model, const EngineOptions& options)
      : model_(std::move(model)),
        info_(InfoOf(name, *model_)),
        cache_(options.profile_cache_bytes),
        scheduler_(*model_, cache_, options) {}

  absl::StatusOr<std::shared_ptr<Ticket>> SubmitReply(ReplyRequest request,
                                                      std::shared_ptr<ReplyObserver> observer) override {
    if (absl::Status s = ValidateDecodingOptions(request.decoding, info_.max_response_tokens); !s.ok()) return s;
    return scheduler_.Submit(MakeReplyJob(std::move(request), std::move(observer), cache_.forget_count()));
  }

  absl::StatusOr<std::shared_ptr<Ticket>> SubmitScore(ScoreRequest request, ScoresCallback done) override {
    if (request.candidates.empty() || request.candidates.size() > 64)
      return absl::InvalidArgumentError("candidates: expected 1 to 64");
    return scheduler_.Submit(MakeScoreJob(std::move(request), std::move(done), cache_.forget_count()));
  }

  absl::StatusOr<std::shared_ptr<Ticket>> SubmitProfile(const UserKey& user, History history, absl::Time deadline,
                                                        ProfileCallback done) override {
    return scheduler_.Submit(
        MakeProfileJob(user, std::move(history), deadline, std::move(done), cache_.forget_count()));
  }

  absl::StatusOr<std::shared_ptr<Ticket>> SubmitMemoryQuery(const UserKey& user, History history, std::string post,
                                                            absl::Time deadline, MemoryCallback done) override {
    return scheduler_.Submit(
        MakeMemoryJob(user, std::move(history), std::move(post), deadline, std::move(done), cache_.forget_count()));
  }

  void Forget(const UserKey& user) override { cache_.Forget(user); }
  double Surprisal(std::string_view word) const override { return model_->tokenizer().Surprisal(word); }
  const ModelInfo& model_info() const override { return info_; }
  EngineStats stats() const override { return scheduler_.stats(); }

 private:
  static ModelInfo InfoOf(const std::string& name, const DhapModel& model) {
    const ModelConfig& c = model.config();
    return {name,      ToJson(c),     model.content_hash(), model.parameters().count(), "float32", "cpu", c.vocab_size,
            c.d_model, c.max_history, c.max_post_tokens,    c.max_response_tokens};
  }

  const std::unique_ptr<DhapModel> model_;
  const ModelInfo info_;
  ProfileCache cache_;
  Scheduler scheduler_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> StartEngine(const std::string& model_dir, const EngineOptions& options) {
  auto model = DhapModel::Load(model_dir);
  if (!model.ok()) return model.status();
  const std::filesystem::path path = std::filesystem::absolute(model_dir).lexically_normal();
  const std::string name = (path.has_filename() ? path : path.parent_path()).filename().string();
  return std::make_unique<LocalEngine>(name, *std::move(model), options);
}

}  // namespace idiolect
