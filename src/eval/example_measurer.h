// Measures a user's examples. Not thread-safe: one a thread.
#pragma once

#include <vector>

#include "eval/example.h"
#include "eval/scorer.h"
#include "eval/test_set.h"
#include "eval/words.h"

namespace idiolect {

// What the measuring shares; all of it must outlive the measurers and is only read.
struct MeasureContext {
  const ServingModel& model;
  const TestSet& set;
  std::vector<int> lengths;  // of cut histories, for the curve: ascending, each below the model's max_history
  StopWords stop_words;
  double cache_weight = 0.1;                   // of the unigram cache, [0, 1)
  DecodingOptions decoding;                    // of the replies
  const WordVectors* vectors = nullptr;        // null: the model's own token embeddings
  const std::vector<float>& token_embeddings;  // [V · d]
};

class ExampleMeasurer {
 public:
  explicit ExampleMeasurer(const MeasureContext& context);
  std::vector<ExampleResult> Measure(size_t user);

 private:
  // The profiles and words of those whom a user is compared with, the same for all examples of the user.
  struct Rivals {
    std::vector<ProfilePtr> full;
    std::vector<std::vector<ProfilePtr>> cut;  // by length of the curve
    std::vector<UserWords> words;
  };
  Rivals BuildRivals(size_t user);
  ExampleResult MeasureOne(TargetPlace target, const Rivals& rivals);
  void ScoreResponse(const TestUser& user, TargetPlace target, const ProfilePtr& own, const UserWords& words,
                     const Rivals& rivals, ExampleResult& result);
  WriterWords CountWriterWords(const RawExchange& exchange, const UserWords& own,
                               const std::vector<UserWords>& rivals) const;
  double ScoreWithCache(const ExampleResult& result, const UnigramCache& cache);
  ReplyMeasures MeasureReply(const ExampleResult& result, const ProfilePtr& own,
                             const std::vector<std::string>& window);
  CacheReply MeasureCacheReply(const ExampleResult& result, const UnigramCache& cache,
                               const std::vector<std::string>& window);
  HistoryTokens Window(const TestUser& user, size_t end, size_t length) const;
  UserWords Words(const TestUser& user, size_t end) const;
  Vectors VectorsOf(const std::string& text) const;

  const MeasureContext& context_;
  Scorer scorer_;
  ProfilePtr nobody_;
};

}  // namespace idiolect
