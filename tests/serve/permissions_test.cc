// Who may call what: every method × every kind of credentials, from one table. A method of the API that the table does
// not know fails the test, so nobody adds one without deciding who may call it.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <regex>
#include <set>

#include "access/api_key_file.h"
#include "tests/serve/server_fixture.h"
#include "tests/support/temp_folder.h"

namespace idiolect::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kSecretWord[] = "zanzibar";  // stands in all that ann has said
constexpr std::optional<Scope> kAnyKey;

struct Method {
  std::optional<Scope> scope;                                   // what a key needs; none: any valid key will do
  std::function<std::string(const std::string& user)> request;  // well-formed, about this user
  bool may_fail = false;                                        // here, with what the test has, for one who is let in
};

template <typename Request>
std::function<std::string(const std::string&)> About(const std::function<void(Request&)>& fill = [](Request&) {}) {
  return [fill](const std::string& user) {
    Request request;
    if constexpr (requires { request.set_user_id(user); }) request.set_user_id(user);
    fill(request);
    return request.SerializeAsString();
  };
}

const std::map<std::string, Method>& Table() {
  static const auto* const table = new std::map<std::string, Method>{
      {"/idiolect.v1.DialogueService/GenerateReply", {Scope::kReply, About<v1::GenerateReplyRequest>()}},
      {"/idiolect.v1.DialogueService/StreamReply", {Scope::kReply, About<v1::StreamReplyRequest>()}},
      {"/idiolect.v1.DialogueService/ScoreReplies",
       {Scope::kReply, About<v1::ScoreRepliesRequest>([](auto& request) { request.add_candidates("fine"); })}},
      {"/idiolect.v1.HistoryService/AppendExchange",
       {Scope::kHistoryWrite,
        About<v1::AppendExchangeRequest>([](auto& request) { request.mutable_exchange()->set_response("fine"); })}},
      {"/idiolect.v1.HistoryService/ImportExchanges",
       {Scope::kHistoryWrite,
        About<v1::ImportExchangesRequest>([](auto& request) { request.mutable_exchange()->set_response("fine"); })}},
      {"/idiolect.v1.HistoryService/DeleteExchange",
       {Scope::kHistoryWrite, About<v1::DeleteExchangeRequest>([](auto& request) { request.set_exchange_id(1); }),
        /*may_fail=*/true}},
      {"/idiolect.v1.HistoryService/EraseUser", {Scope::kHistoryWrite, About<v1::EraseUserRequest>()}},
      {"/idiolect.v1.HistoryService/ListExchanges", {Scope::kHistoryRead, About<v1::ListExchangesRequest>()}},
      {"/idiolect.v1.HistoryService/GetExchange",
       {Scope::kHistoryRead, About<v1::GetExchangeRequest>([](auto& request) { request.set_exchange_id(1); }),
        /*may_fail=*/true}},
      {"/idiolect.v1.HistoryService/ExportUser", {Scope::kHistoryRead, About<v1::ExportUserRequest>()}},
      {"/idiolect.v1.ProfileService/GetProfile", {Scope::kProfileRead, About<v1::GetProfileRequest>()}},
      {"/idiolect.v1.ProfileService/QueryMemory", {Scope::kProfileRead, About<v1::QueryMemoryRequest>()}},
      {"/idiolect.v1.ProfileService/ListUsers", {Scope::kHistoryRead, About<v1::ListUsersRequest>()}},
      {"/idiolect.v1.ModelService/GetModel", {kAnyKey, About<v1::GetModelRequest>()}},
      {"/idiolect.v1.ModelService/LoadModel", {Scope::kAdmin, About<v1::LoadModelRequest>(), /*may_fail=*/true}},
  };
  return *table;
}

// Every method of the package's services, by the descriptors of the .proto files.
std::set<std::string> AllMethods() {
  const auto& pool = *google::protobuf::DescriptorPool::generated_pool();
  std::set<std::string> methods;
  for (const google::protobuf::Descriptor* message :
       {v1::GenerateReplyRequest::descriptor(), v1::AppendExchangeRequest::descriptor(),
        v1::GetProfileRequest::descriptor(), v1::GetModelRequest::descriptor()}) {
    const google::protobuf::FileDescriptor& file = *pool.FindFileByName(message->file()->name());
    for (int i = 0; i < file.service_count(); ++i) {
      for (int k = 0; k < file.service(i)->method_count(); ++k) {
        methods.insert("/" + file.service(i)->full_name() + "/" + file.service(i)->method(k)->name());
      }
    }
  }
  return methods;
}

struct Validity {
  absl::Time expires = absl::InfiniteFuture(), revoked = absl::InfiniteFuture();
};

class PermissionsTest : public ServerFixture {
 protected:
  PermissionsTest() {
    for (const Scope scope : kAllScopes) {
      ours_.emplace(scope, Add("acme", scope));
      theirs_.emplace(scope, Add("rival", scope));
    }
    revoked_ = Add("acme", AllScopes(), {.revoked = absl::Now()});
    expired_ = Add("acme", AllScopes(), {.expires = absl::Now() - absl::Seconds(1)});
    ServerOptions options;
    options.api_keys_file = folder_.File("keys.jsonl");
    Start({}, options);
    FillHistoryOf("ann");
  }

  static ScopeSet AllScopes() {
    ScopeSet all;
    for (const Scope scope : kAllScopes) all.Add(scope);
    return all;
  }

  // The text of a new key in the server's file.
  std::string Add(const std::string& tenant, ScopeSet scopes, const Validity& validity = {}) {
    NewApiKey made =
        MakeApiKey({.tenant = tenant, .scopes = scopes, .expires = validity.expires, .revoked = validity.revoked})
            .value();
    Change([&](std::vector<ApiKey>& keys) { keys.push_back(made.key); });
    return made.text;
  }
  void Change(const std::function<void(std::vector<ApiKey>&)>& change) {
    EXPECT_TRUE(ChangeApiKeyFile(folder_.File("keys.jsonl"), [&](std::vector<ApiKey>& keys) {
                  change(keys);
                  return absl::OkStatus();
                }).ok());
  }

  void FillHistoryOf(const std::string& user) {
    for (int i = 0; i < 3; ++i) {
      Exchange exchange;
      exchange.post = "where to?";
      exchange.response = kSecretWord;
      ASSERT_TRUE(memory_->Append({"acme", user}, exchange, "").ok());
    }
  }

  RawAnswer Try(const std::string& method, const std::string& bytes, const std::string& key) {
    return RawCall(channel_, method, {bytes}, Bearer(key));
  }
  static CallMetadata Bearer(const std::string& key) {
    return key.empty() ? CallMetadata() : CallMetadata{{"authorization", "Bearer " + key}};
  }

  const TempFolder folder_;
  std::map<Scope, std::string> ours_, theirs_;
  std::string revoked_, expired_;
};

bool LetIn(const grpc::Status& status) {
  return status.error_code() != grpc::StatusCode::UNAUTHENTICATED &&
         status.error_code() != grpc::StatusCode::PERMISSION_DENIED;
}

TEST_F(PermissionsTest, TheTableKnowsEveryMethod) {
  std::set<std::string> known;
  for (const auto& [method, entry] : Table()) known.insert(method);
  EXPECT_EQ(known, AllMethods()) << "decide in this table, and in serve/method_scopes.cc, who may call it";
}

TEST_F(PermissionsTest, TheTableKnowsEveryServiceOfTheServer) {
  Start({}, {});  // reflection answers where no keys are asked for
  const RawAnswer answer =
      RawCall(channel_, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", {"\x3A\x01*"});
  ASSERT_EQ(answer.messages.size(), 1u);
  std::set<std::string> known;
  for (const std::string& method : AllMethods()) known.insert(method.substr(1, method.rfind('/') - 1));
  size_t services = 0;
  for (size_t at = 0; (at = answer.messages[0].find("idiolect.v1.", at)) != std::string::npos; ++at) ++services;
  // Each once in the list; the request, which is repeated in the answer, names none.
  EXPECT_EQ(services, known.size());
}

TEST_F(PermissionsTest, WithoutAValidKeyNothingIsToldButThat) {
  const std::string valid = ours_.at(Scope::kReply);
  const std::string unknown = MakeApiKey({.tenant = "acme", .scopes = AllScopes()}).value().text;
  const std::string wrong_secret = valid.substr(0, 17) + unknown.substr(17);
  const std::vector<CallMetadata> credentials = {
      {},
      Bearer("nonsense"),
      Bearer(unknown),
      Bearer(wrong_secret),
      Bearer(valid + "x"),
      Bearer(revoked_),
      Bearer(expired_),
      {{"authorization", valid}},
      {{"authorization", "Basic " + valid}},
      {{"x-api-key", valid}},
      {{"authorization", "Bearer " + valid}, {"authorization", "Bearer " + unknown}},
  };
  std::set<std::string> methods = AllMethods();
  methods.insert({"/idiolect.v1.HistoryService/NoSuchMethod", "/no.such.Service/Method",
                  "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"});
  std::set<std::string> answers;
  for (const std::string& method : methods) {
    for (const CallMetadata& metadata : credentials) {
      const auto entry = Table().find(method);
      // Bytes that are no message, too: nobody has looked at them.
      for (const std::string& bytes :
           {entry == Table().end() ? "" : entry->second.request("ann"), std::string("\xFF")}) {
        const RawAnswer answer = RawCall(channel_, method, {bytes}, metadata);
        EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << method;
        EXPECT_THAT(answer.messages, IsEmpty()) << method;
        answers.insert(answer.status.error_message() + answer.status.error_details());
      }
    }
  }
  EXPECT_EQ(answers.size(), 1u);
  EXPECT_EQ(engine_->submitted(), 0);
  EXPECT_EQ(memory_->Summary({"acme", "ann"})->revision, 3);
}

TEST_F(PermissionsTest, AKeyDoesWhatItsScopesAllowAndNothingElse) {
  for (const auto& [method, entry] : Table()) {
    for (const auto& [scope, key] : ours_) {
      FillHistoryOf("ann");
      const bool allowed = !entry.scope.has_value() || *entry.scope == scope;
      const grpc::Status status = Try(method, entry.request("ann"), key).status;
      EXPECT_EQ(LetIn(status), allowed) << method << " with " << ScopeName(scope) << ": " << status.error_message();
      if (allowed) {
        EXPECT_TRUE(status.ok() || (entry.may_fail)) << method << ": " << status.error_message();
        continue;
      }
      EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED) << method;
      EXPECT_THAT(status.error_message(), HasSubstr(std::string(ScopeName(*entry.scope)))) << method;
      // Refused before it is looked at: bytes that are no message make no difference.
      EXPECT_EQ(Try(method, "\xFF", key).status.error_message(), status.error_message()) << method;
    }
  }
}

// An answer as text, as if it were about zoe: without the moment at which it was given, and however a stream was cut
// into messages.
std::string AboutZoe(const std::string& method, const std::vector<std::string>& messages) {
  std::string name = method.substr(1);
  std::replace(name.begin(), name.end(), '/', '.');
  const auto& pool = *google::protobuf::DescriptorPool::generated_pool();
  const google::protobuf::Descriptor* type = pool.FindMethodByName(name)->output_type();
  std::string text;
  for (const std::string& bytes : messages) {
    const std::unique_ptr<google::protobuf::Message> message(
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
    EXPECT_TRUE(message->ParseFromString(bytes)) << method;
    text += message->DebugString();
  }
  text = std::regex_replace(text, std::regex("(seconds|nanos): [0-9]+\\s"), "");
  text = std::regex_replace(text, std::regex("\"\\ntext: \""), "");
  return std::regex_replace(text, std::regex("ann"), "zoe");
}

// What another tenant gets about ann, to the byte and to the code, is what anybody gets about a user who never was.
TEST_F(PermissionsTest, AnotherTenantSeesWhatItWouldSeeOfNobody) {
  ASSERT_TRUE(Try("/idiolect.v1.DialogueService/GenerateReply", About<v1::GenerateReplyRequest>()("ann"),
                  ours_.at(Scope::kReply))
                  .status.ok());
  ASSERT_TRUE(engine_->HoldsProfileOf({"acme", "ann"}));
  for (const auto& [method, entry] : Table()) {
    const std::string key = theirs_.at(entry.scope.value_or(Scope::kReply));
    RawAnswer of_ann = Try(method, entry.request("ann"), key);
    RawAnswer of_nobody = Try(method, entry.request("zoe"), key);
    EXPECT_TRUE(LetIn(of_ann.status)) << method;
    EXPECT_EQ(of_ann.status.error_code(), of_nobody.status.error_code()) << method;
    EXPECT_EQ(of_ann.status.error_message(), of_nobody.status.error_message()) << method;
    EXPECT_THAT(AboutZoe(method, of_ann.messages), Not(HasSubstr(kSecretWord))) << method;
    EXPECT_EQ(AboutZoe(method, of_ann.messages), AboutZoe(method, of_nobody.messages)) << method;
    // The next method finds them as they were: this one may have written to both.
    for (const char* user : {"ann", "zoe"}) ASSERT_TRUE(memory_->Forget({"rival", user}, "").ok());
  }
  EXPECT_EQ(memory_->Summary({"acme", "ann"})->revision, 3);
  EXPECT_TRUE(engine_->HoldsProfileOf({"acme", "ann"}));  // not even their erasing touches ours
}

TEST_F(PermissionsTest, PageTokensAreOfNoUseToAnotherTenant) {
  const auto list = About<v1::ListUsersRequest>([](auto& request) { request.set_page_size(1); });
  FillHistoryOf("ben");
  v1::ListUsersResponse page;
  const RawAnswer first = Try("/idiolect.v1.ProfileService/ListUsers", list(""), ours_.at(Scope::kHistoryRead));
  ASSERT_EQ(first.messages.size(), 1u);
  ASSERT_TRUE(page.ParseFromString(first.messages[0]));
  ASSERT_FALSE(page.next_page_token().empty());
  const auto next = About<v1::ListUsersRequest>([&](auto& request) { request.set_page_token(page.next_page_token()); });
  const RawAnswer stolen = Try("/idiolect.v1.ProfileService/ListUsers", next(""), theirs_.at(Scope::kHistoryRead));
  for (const std::string& message : stolen.messages) EXPECT_THAT(message, Not(HasSubstr("ben")));
}

TEST_F(PermissionsTest, RevokingTakesEffectWithinSeconds) {
  const std::string key = ours_.at(Scope::kHistoryRead);
  const std::string request = About<v1::ListUsersRequest>()("");
  ASSERT_TRUE(Try("/idiolect.v1.ProfileService/ListUsers", request, key).status.ok());
  Change([&](std::vector<ApiKey>& keys) {
    for (ApiKey& one : keys) {
      if (one.id == KeyIdOf(key)) one.revoked = absl::Now();
    }
  });
  EXPECT_TRUE(Eventually([&] { return !Try("/idiolect.v1.ProfileService/ListUsers", request, key).status.ok(); }));
}

// A stream can go on for hours.
TEST_F(PermissionsTest, RevokingEndsAnImportThatGoesOn) {
  const std::string key = ours_.at(Scope::kHistoryWrite);
  grpc::ClientContext context;
  context.AddMetadata("authorization", "Bearer " + key);
  v1::ImportExchangesResponse response;
  const auto writer = history_->ImportExchanges(&context, &response);
  v1::ImportExchangesRequest record;
  record.set_user_id("ben");
  record.mutable_exchange()->set_response("fine");
  ASSERT_TRUE(writer->Write(record));
  Change([](std::vector<ApiKey>& keys) { keys.clear(); });
  EXPECT_TRUE(Eventually([&] { return !writer->Write(record); }));
  EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(PermissionsTest, HealthIsForEverybodyOrForNobody) {
  const std::string method = "/grpc.health.v1.Health/Check";
  EXPECT_TRUE(Try(method, "", "").status.ok());
  ServerOptions options;
  options.api_keys_file = folder_.File("keys.jsonl");
  options.open_health = false;
  Start({}, options);
  EXPECT_EQ(Try(method, "", "").status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(PermissionsTest, WithAKeyAnUnknownMethodIsUnimplemented) {
  EXPECT_EQ(Try("/no.such.Service/Method", "", ours_.at(Scope::kReply)).status.error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

}  // namespace
}  // namespace idiolect::testing
