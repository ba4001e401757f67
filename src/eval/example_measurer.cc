#include "eval/example_measurer.h"

#include <algorithm>

#include "eval/profile_overlap.h"
#include "eval/rouge.h"
#include "eval/unigram_cache.h"

namespace idiolect {
namespace {

using Ids = std::vector<int32_t>;

// Gathers what is to be scored, so that all of an example is scored in one go, and hands the results out in order.
class Questions {
 public:
  void Ask(const ProfilePtr& profile, const Ids& post, const Ids& response) {
    items_.push_back({profile.get(), &post, &response});
  }
  void Answer(Scorer& scorer) { answers_ = scorer.LogProbs(items_); }
  double Next() { return answers_[next_++]; }
  std::vector<double> Next(size_t count) {
    next_ += count;
    return {answers_.begin() + static_cast<std::ptrdiff_t>(next_ - count),
            answers_.begin() + static_cast<std::ptrdiff_t>(next_)};
  }

 private:
  std::vector<ScoreItem> items_;
  std::vector<double> answers_;
  size_t next_ = 0;
};

// Words of the part of the response that the model reads.
int CountReadWords(const Ids& ids, const std::string& response, const ServingModel& model) {
  const bool cut = model.texts().MayBeCut(absl::MakeSpan(ids).first(ids.size() - 1));
  return static_cast<int>(SplitAtSpace(cut ? model.texts().tokenizer().Decode(ids) : response).size());
}

void CountCopies(const ReplyCandidate& reply, const CompactProfile& profile, ReplyMeasures& m) {
  m.tokens = static_cast<int>(reply.tokens.size());
  m.copied_from.assign(profile.pair_sequences.size(), 0.0);
  for (size_t t = 0; t < reply.tokens.size(); ++t) {
    const TokenExplanation& token = reply.explanation[t];
    for (const CopySource& source : token.sources) *(m.copied_from.rbegin() + (source.sequence - 1)) += source.weight;
    if (token.copy_probability <= 0.5) continue;
    m.copied += 1;
    m.copied_known += std::count(profile.word_ids.begin(), profile.word_ids.end(), reply.tokens[t]) > 0;
  }
}

void CompareTexts(const std::string& reply, const std::string& response, ReplyMeasures& m) {
  m.bleu = CountBleu(Tokenize13a(reply), Tokenize13a(response));
  m.bleu_of_words = CountBleu(SplitAtSpace(reply), SplitAtSpace(response));
  const auto hypothesis = RougeWords(reply), reference = RougeWords(response);
  const auto said = SplitAtSpace(reply), meant = SplitAtSpace(response);
  for (int n : {1, 2}) {
    m.rouge_f[n - 1] = RougeN(hypothesis, reference, n).f();
    m.rouge_recall[n - 1] = RougeN(said, meant, n).recall;
  }
  m.rouge_f[2] = RougeL(hypothesis, reference).f();
  m.rouge_recall[2] = RougeL(said, meant).recall;
}

}  // namespace

ExampleMeasurer::ExampleMeasurer(const MeasureContext& context)
    : context_(context), scorer_(context.model), nobody_(scorer_.Profiles({{}})[0]) {}

HistoryTokens ExampleMeasurer::Window(const TestUser& user, size_t end, size_t length) const {
  HistoryTokens window;
  if (length > 0) window.speaker = context_.model.speakers().RowOf(user.source, user.name);
  for (size_t i = end - std::min(end, length); i < end; ++i) {
    window.posts.push_back(context_.model.texts().PostIds(user.exchanges[i].post));
    window.responses.push_back(context_.model.texts().ResponseIds(user.exchanges[i].response));
  }
  return window;
}

UserWords ExampleMeasurer::Words(const TestUser& user, size_t end) const {
  const Tokenizer& tokenizer = context_.model.texts().tokenizer();
  UserWords words;
  for (size_t i = FirstCounted(end); i < end; ++i)
    words.Add(tokenizer.Encode(user.exchanges[i].post), tokenizer.Encode(user.exchanges[i].response));
  return words;
}

std::vector<ExampleResult> ExampleMeasurer::Measure(size_t user) {
  const Rivals rivals = BuildRivals(user);
  std::vector<ExampleResult> results;
  const TestUser& u = context_.set.users()[user];
  for (size_t i = u.first_target; i < u.exchanges.size(); ++i) results.push_back(MeasureOne({user, i}, rivals));
  return results;
}

ExampleMeasurer::Rivals ExampleMeasurer::BuildRivals(size_t user) {
  const std::vector<size_t> others = context_.set.RivalUsers(user);
  const auto profiles = [&](size_t length) {
    std::vector<HistoryTokens> windows;
    for (const size_t other : others) {
      const TestUser& rival = context_.set.users()[other];
      windows.push_back(Window(rival, rival.history_end(), length));
    }
    return scorer_.Profiles(windows);
  };
  Rivals rivals{profiles(context_.model.config().max_history), {}, {}};
  for (const int length : context_.lengths) rivals.cut.push_back(profiles(length));
  for (const size_t other : others)
    rivals.words.push_back(Words(context_.set.users()[other], context_.set.users()[other].history_end()));
  return rivals;
}

ExampleResult ExampleMeasurer::MeasureOne(TargetPlace target, const Rivals& rivals) {
  const TestUser& user = context_.set.users()[target.user];
  const RawExchange& exchange = user.exchanges[target.index];
  ExampleResult result;
  result.source = user.source;
  result.user = user.name;
  result.index = static_cast<int64_t>(target.index);
  result.post = exchange.post;
  result.response = exchange.response;
  const HistoryTokens window = Window(user, target.index, context_.model.config().max_history);
  result.history = static_cast<int>(window.size());
  const ProfilePtr own = scorer_.Profiles({window})[0];
  const UserWords words = Words(user, target.index);
  ScoreResponse(user, target, own, words, rivals, result);
  result.writers = CountWriterWords(exchange, words, rivals.words);
  const UnigramCache cache(window.responses, context_.cache_weight);
  result.cache = ScoreWithCache(result, cache);
  std::vector<std::string> responses;
  for (size_t i = target.index - window.size(); i < target.index; ++i) responses.push_back(user.exchanges[i].response);
  result.reply = MeasureReply(result, own, responses);
  result.cache_reply = MeasureCacheReply(result, cache, responses);
  return result;
}

void ExampleMeasurer::ScoreResponse(const TestUser& user, TargetPlace target, const ProfilePtr& own,
                                    const UserWords& words, const Rivals& rivals, ExampleResult& result) {
  const auto& texts = context_.model.texts();
  const auto exchange = [&](TargetPlace p) -> const RawExchange& {
    return context_.set.users()[p.user].exchanges[p.index];
  };
  std::vector<Ids> candidates, posts = {texts.PostIds(result.post)};
  const auto add_candidate = [&](const std::string& response) {
    candidates.push_back(texts.ResponseIds(response));
    result.candidates.tokens.push_back(static_cast<int>(candidates.back().size()));
    result.candidates.words.push_back(context_.model.word_evidence.Of(texts.tokenizer().Encode(response), words));
  };
  add_candidate(result.response);
  for (const TargetPlace& p : context_.set.RivalResponses(target)) add_candidate(exchange(p).response);
  for (const TargetPlace& p : context_.set.RivalPosts(target)) posts.push_back(texts.PostIds(exchange(p).post));
  const Ids &response = candidates[0], &post = posts[0], silence = texts.PostIds("");
  std::vector<HistoryTokens> windows;
  for (const int length : context_.lengths) windows.push_back(Window(user, target.index, length));
  const std::vector<ProfilePtr> cut = scorer_.Profiles(windows);

  Questions questions;
  for (const Ids& candidate : candidates) {
    questions.Ask(own, post, candidate);
    questions.Ask(nobody_, post, candidate);
    questions.Ask(own, silence, candidate);
    questions.Ask(nobody_, silence, candidate);
  }
  for (const ProfilePtr& rival : rivals.full) questions.Ask(rival, post, response);
  for (const Ids& p : posts) questions.Ask(own, p, response);
  for (size_t k = 0; k < cut.size(); ++k) {
    questions.Ask(cut[k], post, response);
    for (const ProfilePtr& rival : rivals.cut[k]) questions.Ask(rival, post, response);
  }
  questions.Answer(scorer_);

  result.tokens = static_cast<int>(response.size());
  result.words = CountReadWords(response, result.response, context_.model);
  for (size_t i = 0; i < candidates.size(); ++i) {
    result.candidates.own.push_back(questions.Next());
    result.candidates.no_user.push_back(questions.Next());
    result.candidates.no_post.push_back(questions.Next());
    result.candidates.neither.push_back(questions.Next());
  }
  result.own = result.candidates.own[0];
  result.none = result.candidates.no_user[0];
  result.rivals = questions.Next(rivals.full.size());
  result.posts = questions.Next(posts.size());
  for (size_t k = 0; k < cut.size(); ++k) {
    const double with_own = questions.Next();
    result.curve.push_back({context_.lengths[k], with_own, questions.Next(rivals.full.size())});
  }
}

WriterWords ExampleMeasurer::CountWriterWords(const RawExchange& exchange, const UserWords& own,
                                              const std::vector<UserWords>& rivals) const {
  const Tokenizer& tokenizer = context_.model.texts().tokenizer();
  const Ids post = tokenizer.Encode(exchange.post), response = tokenizer.Encode(exchange.response);
  WriterWords words;
  const auto add = [&](const UserWords& user) {
    words.response.push_back(context_.model.word_evidence.Of(response, user, WordEvidence::kOfResponse));
    words.post.push_back(context_.model.word_evidence.Of(post, user, WordEvidence::kOfPost));
  };
  add(own);
  for (const UserWords& rival : rivals) add(rival);
  return words;
}

double ExampleMeasurer::ScoreWithCache(const ExampleResult& result, const UnigramCache& cache) {
  const Ids post = context_.model.texts().PostIds(result.post);
  const Ids response = context_.model.texts().ResponseIds(result.response);
  const ScoreItem item{nobody_.get(), &post, &response};
  const std::vector<double> log_probs = scorer_.TokenLogProbs({&item, 1})[0];
  double sum = 0;
  for (size_t i = 0; i < response.size(); ++i) sum += cache.LogProb(response[i], log_probs[i]);
  return sum;
}

ReplyMeasures ExampleMeasurer::MeasureReply(const ExampleResult& result, const ProfilePtr& own,
                                            const std::vector<std::string>& window) {
  const ReplyCandidate reply =
      scorer_.Reply(own, context_.model.texts().PostIds(result.post), nobody_, context_.decoding);
  ReplyMeasures m;
  m.text = reply.text;
  CountCopies(reply, *own, m);
  CompareTexts(reply.text, result.response, m);
  m.embedding = CompareVectors(VectorsOf(reply.text), VectorsOf(result.response));
  m.p_f1 = ProfileF1(reply.text, window, context_.stop_words);
  m.p_cover = ProfileCover(reply.text, window);
  m.p_cover_of_15 = ProfileCover(reply.text, window, 15);
  return m;
}

CacheReply ExampleMeasurer::MeasureCacheReply(const ExampleResult& result, const UnigramCache& cache,
                                              const std::vector<std::string>& window) {
  const ExchangeTokenizer& texts = context_.model.texts();
  const std::string text = texts.tokenizer().Decode(scorer_.ReplyWithCache(nobody_, texts.PostIds(result.post), cache));
  return {text, ProfileF1(text, window, context_.stop_words), ProfileCover(text, window)};
}

Vectors ExampleMeasurer::VectorsOf(const std::string& text) const {
  if (context_.vectors != nullptr) return context_.vectors->Of(text);
  const auto d = static_cast<std::ptrdiff_t>(context_.model.config().d_model);
  Vectors vectors;
  for (const int32_t id : context_.model.texts().tokenizer().Encode(text)) {
    const auto first = context_.token_embeddings.begin() + id * d;
    vectors.emplace_back(first, first + d);
  }
  return vectors;
}

}  // namespace idiolect
