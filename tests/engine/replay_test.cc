// The invariant of the engine: a request with a seed gets the same bytes in whatever company, on however many threads,
// after whatever has happened to its user's profile.
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <random>

#include "idiolect/engine.h"
#include "tests/support/fixtures.h"

namespace idiolect {
namespace {

using testing::FixtureCase;

class Waiting : public ReplyObserver {
 public:
  void OnDone(absl::StatusOr<Reply> reply) override { done_.set_value(std::move(reply)); }
  absl::StatusOr<Reply> Wait() { return done_.get_future().get(); }

 private:
  std::promise<absl::StatusOr<Reply>> done_;
};

// Everything of a reply but how long it took.
std::string BytesOf(const Reply& reply) {
  std::string bytes = std::to_string(reply.revision);
  for (const ReplyCandidate& c : reply.candidates) {
    bytes += "|" + c.text + "|" + std::to_string(static_cast<int>(c.finish_reason));
    bytes.append(reinterpret_cast<const char*>(&c.logprob), sizeof c.logprob);
    bytes.append(reinterpret_cast<const char*>(c.tokens.data()), sizeof(int32_t) * c.tokens.size());
    for (const TokenExplanation& e : c.explanation) {
      bytes.append(reinterpret_cast<const char*>(&e.copy_probability), sizeof(double));
      for (const CopySource& s : e.sources) bytes += std::to_string(s.sequence) + std::to_string(s.weight);
    }
  }
  return bytes;
}

// A random request of a random user at a random moment of their history.
ReplyRequest RandomRequest(const std::vector<FixtureCase>& cases, std::mt19937& random) {
  const FixtureCase& c = cases[random() % cases.size()];
  const FixtureCase& posted = cases[random() % cases.size()];
  ReplyRequest request;
  request.user = {"t", "user" + std::to_string(&c - cases.data())};
  request.history.exchanges = c.history;
  request.history.revision = static_cast<int64_t>(c.history.size());
  request.history.epoch = c.history.empty() ? 0 : 1;
  request.post = posted.post;
  request.explain = random() % 4 == 0;
  request.decoding.seed = random();
  if (random() % 2 == 0) request.decoding.word_guidance = 0.35;
  switch (random() % 6) {
    case 0:
      break;  // greedy
    case 1:
      request.decoding.beam_size = 2 + static_cast<int>(random() % 4);
      request.decoding.word_guidance = 0;
      break;
    case 2:
      request.decoding.temperature = 0.7;
      request.decoding.top_k = 1 + static_cast<int>(random() % 40);
      request.decoding.no_repeat_ngram_size = 2;
      break;
    case 3:
      request.decoding.guidance = 0.5 + static_cast<double>(random() % 4);
      request.decoding.temperature = static_cast<double>(random() % 2);
      break;
    default:
      request.decoding.temperature = 1;
      request.decoding.top_p = 0.9;
      request.decoding.candidate_count = 1 + static_cast<int>(random() % 3);
  }
  return request;
}

class ReplayTest : public ::testing::TestWithParam<Precision> {
 protected:
  std::unique_ptr<Engine> Start(int engines, int64_t cache_bytes = int64_t{64} << 20, int rows = 32) {
    auto engine = StartEngine(
        testing::TinyModelDir(),
        {.engines = engines, .precision = GetParam(), .max_batch_rows = rows, .profile_cache_bytes = cache_bytes});
    EXPECT_TRUE(engine.ok()) << engine.status();
    return *std::move(engine);
  }

  static std::string Alone(Engine& engine, const ReplyRequest& request) {
    auto observer = std::make_shared<Waiting>();
    EXPECT_TRUE(engine.SubmitReply(request, observer).ok());
    const auto reply = observer->Wait();
    EXPECT_TRUE(reply.ok()) << reply.status();
    return BytesOf(*reply);
  }

  std::vector<ReplyRequest> Requests(int count) {
    std::mt19937 random(99);
    const auto cases = testing::FixtureCases("untied-3-general-memory-copy-post_copy");
    std::vector<ReplyRequest> requests;
    for (int i = 0; i < count; ++i) requests.push_back(RandomRequest(cases, random));
    return requests;
  }

  // All at once, some of them cancelled on the way, profiles forgotten and rankings between them.
  static std::vector<std::string> Together(Engine& engine, const std::vector<ReplyRequest>& requests, uint32_t seed) {
    std::mt19937 random(seed);
    std::vector<size_t> order(requests.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::shuffle(order.begin(), order.end(), random);
    std::vector<std::shared_ptr<Waiting>> observers(requests.size()), cancelled;
    std::vector<std::future<void>> scored;
    for (const size_t i : order) {
      observers[i] = std::make_shared<Waiting>();
      EXPECT_TRUE(engine.SubmitReply(requests[i], observers[i]).ok());
      if (random() % 3 == 0) {
        cancelled.push_back(std::make_shared<Waiting>());
        const auto ticket = engine.SubmitReply(requests[random() % requests.size()], cancelled.back());
        EXPECT_TRUE(ticket.ok());
        (*ticket)->Cancel();
      }
      if (random() % 5 == 0) engine.Forget(requests[random() % requests.size()].user);
      if (random() % 5 == 0) {
        auto done = std::make_shared<std::promise<void>>();
        scored.push_back(done->get_future());
        ScoreRequest score{.user = requests[i].user,
                           .history = requests[i].history,
                           .post = requests[i].post,
                           .candidates = {"yes", "no, thanks", "whatever you say"}};
        EXPECT_TRUE(engine.SubmitScore(score, [done](auto) { done->set_value(); }).ok());
      }
    }
    std::vector<std::string> bytes;
    for (const auto& observer : observers) {
      const auto reply = observer->Wait();
      EXPECT_TRUE(reply.ok()) << reply.status();
      bytes.push_back(reply.ok() ? BytesOf(*reply) : "");
    }
    for (const auto& observer : cancelled) observer->Wait().IgnoreError();
    for (auto& done : scored) done.wait();
    return bytes;
  }
};

TEST_P(ReplayTest, TheSameBytesInAnyCompanyOnAnyNumberOfThreadsAndAfterARestart) {
  const std::vector<ReplyRequest> requests = Requests(64);
  std::vector<std::string> expected;
  {
    const auto engine = Start(1);
    for (const ReplyRequest& request : requests) expected.push_back(Alone(*engine, request));
    for (size_t i = 0; i < requests.size(); i += 7)
      EXPECT_EQ(Alone(*engine, requests[i]), expected[i]) << "cached profile";
  }
  struct Setting {
    int engines, rows;
    int64_t cache_bytes;
  };
  for (const Setting& s : {Setting{1, 64, 64 << 20}, Setting{1, 7, 64 << 20}, Setting{3, 32, 64 << 20},
                           Setting{2, 16, 20'000}, Setting{2, 32, 0}}) {
    const auto engine = Start(s.engines, s.cache_bytes, s.rows);
    for (uint32_t round = 0; round < 2; ++round) {
      const std::vector<std::string> bytes = Together(*engine, requests, round);
      for (size_t i = 0; i < requests.size(); ++i)
        ASSERT_EQ(bytes[i], expected[i]) << "request " << i << ", engines " << s.engines << ", rows " << s.rows
                                         << ", cache " << s.cache_bytes << ", round " << round;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Precisions, ReplayTest,
                         ::testing::Values(Precision::kFloat32, Precision::kBfloat16, Precision::kInt8),
                         [](const auto& info) { return std::string(PrecisionName(info.param)); });

}  // namespace
}  // namespace idiolect
