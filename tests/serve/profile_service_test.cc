#include "tests/serve/server_fixture.h"

namespace idiolect::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class ProfileServiceTest : public ServerFixture {
 protected:
  v1::GetProfileResponse Profile(const v1::GetProfileRequest& request) {
    v1::GetProfileResponse response;
    const grpc::Status status = Call(&v1::ProfileService::Stub::GetProfile, *profile_, request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
};

TEST_F(ProfileServiceTest, ProfileJoinsHistoryAndModel) {
  for (int i = 0; i < 7; ++i) Append("ann", "post", "Why not?");  // the fake's window holds 5
  v1::GetProfileRequest request;
  request.set_user_id("ann");
  request.set_min_revision(7);
  const v1::GetProfileResponse profile = Profile(request);
  EXPECT_EQ(profile.user_id(), "ann");
  EXPECT_EQ(profile.revision(), 7);
  EXPECT_EQ(profile.exchange_count(), 7);
  EXPECT_EQ(profile.window_size(), 5);
  EXPECT_TRUE(profile.has_first_time() && profile.has_last_time());
  EXPECT_THAT(profile.general_profile(), ElementsAre(5, 5, 5));
  ASSERT_THAT(profile.vocabulary(), SizeIs(2));
  EXPECT_EQ(profile.vocabulary(0).word(), "not");
  EXPECT_EQ(profile.vocabulary(0).count(), 5);
  EXPECT_DOUBLE_EQ(profile.vocabulary(0).weight(), 0.5);
  EXPECT_DOUBLE_EQ(profile.style().mean_words(), 2);
  EXPECT_DOUBLE_EQ(profile.style().question_share(), 1);
}

TEST_F(ProfileServiceTest, AStrangerHasTheEmptyProfile) {
  v1::GetProfileRequest request;
  request.set_user_id("nobody");
  const v1::GetProfileResponse profile = Profile(request);
  EXPECT_EQ(profile.revision(), 0);
  EXPECT_EQ(profile.exchange_count(), 0);
  EXPECT_FALSE(profile.has_first_time() || profile.has_last_time());
  EXPECT_THAT(profile.general_profile(), SizeIs(3));
  EXPECT_THAT(profile.vocabulary(), SizeIs(0));
  EXPECT_EQ(profile.style().mean_words(), 0);
}

TEST_F(ProfileServiceTest, VocabularySizeIsCoerced) {
  std::string words;
  for (int i = 0; i < 30; ++i) words += " w" + std::to_string(i);
  Append("ann", "post", words);
  for (const auto& [asked, got] : {std::pair(0, 20), std::pair(3, 3), std::pair(5000, 30)}) {
    v1::GetProfileRequest request;
    request.set_user_id("ann");
    request.set_vocabulary_size(asked);
    EXPECT_EQ(Profile(request).vocabulary_size(), got);
  }
}

TEST_F(ProfileServiceTest, MemoryNamesTheExchangesItTurnsTo) {
  for (int i = 0; i < 3; ++i) Append("ann", "post " + std::to_string(i), "response " + std::to_string(i));
  v1::QueryMemoryRequest request;
  request.set_user_id("ann");
  request.set_post("four");
  v1::QueryMemoryResponse response;
  ASSERT_TRUE(Call(&v1::ProfileService::Stub::QueryMemory, *profile_, request, response).ok());
  ASSERT_THAT(response.entries(), SizeIs(3));
  EXPECT_EQ(response.entries(0).exchange().response(), "response 2");
  EXPECT_EQ(response.entries(0).exchange().name(), "users/ann/exchanges/3");
  EXPECT_EQ(response.entries(0).weight(), 0.5);
  EXPECT_EQ(response.entries(2).exchange().post(), "post 0");
  EXPECT_THAT(response.dynamic_profile(), ElementsAre(4, 4, 4));
  EXPECT_EQ(response.revision(), 3);
}

TEST_F(ProfileServiceTest, BothHonourMinRevision) {
  v1::GetProfileRequest profile;
  profile.set_user_id("ann");
  profile.set_min_revision(1);
  v1::GetProfileResponse profiled;
  EXPECT_EQ(Call(&v1::ProfileService::Stub::GetProfile, *profile_, profile, profiled).error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
  v1::QueryMemoryRequest memory;
  memory.set_user_id("ann");
  memory.set_min_revision(1);
  v1::QueryMemoryResponse remembered;
  EXPECT_EQ(Call(&v1::ProfileService::Stub::QueryMemory, *profile_, memory, remembered).error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(ProfileServiceTest, AFullQueueSaysWhenToTryAgain) {
  Start({.max_queue = 0}, {});
  v1::GetProfileRequest request;
  request.set_user_id("ann");
  v1::GetProfileResponse response;
  const grpc::Status status = Call(&v1::ProfileService::Stub::GetProfile, *profile_, request, response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_GT(RetryDelayMs(status), 0);
}

TEST_F(ProfileServiceTest, UsersAreListedByIdPageByPage) {
  for (const char* user : {"ben", "ann", "cem", "Zoe", "émile"}) Append(user, "p", "r");
  Append("ann", "p", "r");
  v1::ListUsersRequest request;
  request.set_page_size(2);
  std::vector<std::string> ids;
  v1::ListUsersResponse response;
  do {
    ASSERT_TRUE(Call(&v1::ProfileService::Stub::ListUsers, *profile_, request, response).ok());
    for (const v1::UserSummary& user : response.users()) {
      ids.push_back(user.user_id());
      EXPECT_EQ(user.exchange_count(), user.user_id() == "ann" ? 2 : 1);
      EXPECT_EQ(user.revision(), user.exchange_count());
      EXPECT_TRUE(user.has_first_time());
    }
    request.set_page_token(response.next_page_token());
  } while (!response.next_page_token().empty());
  EXPECT_THAT(ids, ElementsAre("Zoe", "ann", "ben", "cem", "émile"));
}

TEST_F(ProfileServiceTest, ModelTellsItsLimits) {
  v1::GetModelResponse response;
  ASSERT_TRUE(Call(&v1::ModelService::Stub::GetModel, *model_, v1::GetModelRequest(), response).ok());
  EXPECT_EQ(response.name(), "fake");
  EXPECT_EQ(response.content_hash().size(), 64u);
  EXPECT_EQ(response.limits().max_history(), 5);
  EXPECT_EQ(response.limits().max_response_tokens(), 48);
  EXPECT_EQ(response.limits().max_text_bytes(), 16384);
  EXPECT_EQ(response.limits().max_score_candidates(), 64);
  EXPECT_NE(response.server_version(), "");
}

}  // namespace
}  // namespace idiolect::testing
