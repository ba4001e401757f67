// What the audit log says of calls, and that nothing is done that it does not say.
#include <filesystem>
#include <fstream>

#include "access/api_key_file.h"
#include "access/audit_check.h"
#include "nlohmann/json.hpp"
#include "tests/serve/server_fixture.h"
#include "tests/support/temp_folder.h"

namespace idiolect::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kPrivate[] = "not for logs";

class AuditTrailTest : public ServerFixture {
 protected:
  AuditTrailTest() {
    ScopeSet reader = Scope::kHistoryRead;
    reader.Add(Scope::kProfileRead);
    reader_ = Add(reader);
    writer_ = Add(Scope::kHistoryWrite);
    options_.api_keys_file = folder_.File("keys.jsonl");
    options_.audit_file = folder_.File("audit.jsonl");
    options_.audit_user_ids = true;
    Start({}, options_);
    Exchange exchange;
    exchange.post = exchange.response = kPrivate;
    EXPECT_TRUE(memory_->Append({"acme", "ann"}, exchange, "").ok());
  }

  std::string Add(ScopeSet scopes) {
    const NewApiKey made = MakeApiKey({.tenant = "acme", .scopes = scopes}).value();
    EXPECT_TRUE(ChangeApiKeyFile(folder_.File("keys.jsonl"), [&](std::vector<ApiKey>& keys) {
                  keys.push_back(made.key);
                  return absl::OkStatus();
                }).ok());
    return made.text;
  }

  RawAnswer Try(const std::string& method, const google::protobuf::Message& request, const std::string& key) {
    return RawCall(channel_, "/idiolect.v1." + method, {request.SerializeAsString()},
                   {{"authorization", "Bearer " + key}});
  }

  template <typename Request>
  static Request AboutAnn() {
    Request request;
    request.set_user_id("ann");
    if constexpr (requires { request.set_exchange_id(1); }) request.set_exchange_id(1);
    return request;
  }

  // "what method user outcome" of each record.
  std::vector<std::string> Records() const {
    std::vector<std::string> records;
    const auto check =
        ReadAuditLog(options_.audit_file, [&](std::string_view line, const ParsedAuditLine& parsed, auto) {
          if (parsed.link.seq == 0) return;
          EXPECT_THAT(std::string(line), Not(HasSubstr(kPrivate)));
          const nlohmann::json json = nlohmann::json::parse(line);
          EXPECT_EQ(json["tenant"], "acme");
          records.push_back(json["what"].get<std::string>() + " " + json["method"].get<std::string>() + " " +
                            json.value("user", "-") + " " + json["outcome"].get<std::string>());
        });
    EXPECT_TRUE(check.ok()) << check.status();
    return records;
  }

  const TempFolder folder_;
  ServerOptions options_;
  std::string reader_, writer_;
};

TEST_F(AuditTrailTest, TellsOfReadingExportingAndErasing) {
  EXPECT_TRUE(Try("HistoryService/ListExchanges", AboutAnn<v1::ListExchangesRequest>(), reader_).status.ok());
  EXPECT_TRUE(Try("HistoryService/GetExchange", AboutAnn<v1::GetExchangeRequest>(), reader_).status.ok());
  EXPECT_TRUE(Try("HistoryService/ExportUser", AboutAnn<v1::ExportUserRequest>(), reader_).status.ok());
  EXPECT_TRUE(Try("ProfileService/GetProfile", AboutAnn<v1::GetProfileRequest>(), reader_).status.ok());
  EXPECT_TRUE(Try("ProfileService/QueryMemory", AboutAnn<v1::QueryMemoryRequest>(), reader_).status.ok());
  EXPECT_TRUE(Try("ProfileService/ListUsers", v1::ListUsersRequest(), reader_).status.ok());
  EXPECT_TRUE(Try("HistoryService/DeleteExchange", AboutAnn<v1::DeleteExchangeRequest>(), writer_).status.ok());
  EXPECT_FALSE(Try("HistoryService/DeleteExchange", AboutAnn<v1::DeleteExchangeRequest>(), writer_).status.ok());
  EXPECT_TRUE(Try("HistoryService/EraseUser", AboutAnn<v1::EraseUserRequest>(), writer_).status.ok());
  EXPECT_THAT(
      Records(),
      ElementsAre("read HistoryService.ListExchanges ann BEGUN", "read HistoryService.GetExchange ann BEGUN",
                  "export HistoryService.ExportUser ann BEGUN", "read ProfileService.GetProfile ann BEGUN",
                  "read ProfileService.QueryMemory ann BEGUN", "read ProfileService.ListUsers - BEGUN",
                  "erase HistoryService.DeleteExchange ann BEGUN", "erase HistoryService.DeleteExchange ann OK",
                  "erase HistoryService.DeleteExchange ann BEGUN", "erase HistoryService.DeleteExchange ann NOT_FOUND",
                  "erase HistoryService.EraseUser ann BEGUN", "erase HistoryService.EraseUser ann OK"));
}

TEST_F(AuditTrailTest, TellsOfKeysThatReachForMoreThanTheirScope) {
  EXPECT_FALSE(Try("HistoryService/ExportUser", AboutAnn<v1::ExportUserRequest>(), writer_).status.ok());
  EXPECT_FALSE(Try("HistoryService/ExportUser", AboutAnn<v1::ExportUserRequest>(), "idk_nobody").status.ok());
  EXPECT_THAT(Records(), ElementsAre("denied HistoryService.ExportUser - PERMISSION_DENIED"));
}

TEST_F(AuditTrailTest, IsSilentOnWritingAndOnRequestsThatAreWrong) {
  v1::AppendExchangeRequest append;
  append.set_user_id("ann");
  append.mutable_exchange()->set_response("fine");
  EXPECT_TRUE(Try("HistoryService/AppendExchange", append, writer_).status.ok());
  EXPECT_FALSE(Try("HistoryService/ExportUser", v1::ExportUserRequest(), reader_).status.ok());
  EXPECT_THAT(Records(), IsEmpty());
}

TEST_F(AuditTrailTest, NothingIsReadOrErasedThatItCanNotTellOf) {
  std::filesystem::remove(options_.audit_file);
  std::filesystem::create_directory(options_.audit_file);  // so that no log can be made in its place
  for (const RawAnswer& answer : {Try("HistoryService/GetExchange", AboutAnn<v1::GetExchangeRequest>(), reader_),
                                  Try("HistoryService/ExportUser", AboutAnn<v1::ExportUserRequest>(), reader_),
                                  Try("ProfileService/GetProfile", AboutAnn<v1::GetProfileRequest>(), reader_),
                                  Try("HistoryService/EraseUser", AboutAnn<v1::EraseUserRequest>(), writer_)}) {
    EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(answer.status.error_message(), "the audit log can't be written");
    EXPECT_THAT(answer.messages, IsEmpty());
  }
  EXPECT_EQ(memory_->Summary({"acme", "ann"})->exchange_count, 1);
  std::filesystem::remove(options_.audit_file);
  EXPECT_TRUE(Try("HistoryService/GetExchange", AboutAnn<v1::GetExchangeRequest>(), reader_).status.ok());
}

TEST_F(AuditTrailTest, SurvivesARestart) {
  EXPECT_TRUE(Try("ProfileService/ListUsers", v1::ListUsersRequest(), reader_).status.ok());
  Start({}, options_);
  EXPECT_TRUE(Try("ProfileService/ListUsers", v1::ListUsersRequest(), reader_).status.ok());
  EXPECT_EQ(Records().size(), 2u);
}

}  // namespace
}  // namespace idiolect::testing
