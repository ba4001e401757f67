#include "serve/method_scopes.h"

#include <algorithm>
#include <iterator>

namespace idiolect {
namespace {

constexpr std::string_view kRead = "read", kExport = "export", kErase = "erase";

constexpr MethodScope kMethodScopes[] = {
    {"DialogueService.GenerateReply", Scope::kReply},
    {"DialogueService.StreamReply", Scope::kReply},
    {"DialogueService.ScoreReplies", Scope::kReply},
    {"HistoryService.AppendExchange", Scope::kHistoryWrite},
    {"HistoryService.ImportExchanges", Scope::kHistoryWrite},
    {"HistoryService.DeleteExchange", Scope::kHistoryWrite, kErase},
    {"HistoryService.EraseUser", Scope::kHistoryWrite, kErase},
    {"HistoryService.ListExchanges", Scope::kHistoryRead, kRead},
    {"HistoryService.GetExchange", Scope::kHistoryRead, kRead},
    {"HistoryService.ExportUser", Scope::kHistoryRead, kExport},
    {"ProfileService.GetProfile", Scope::kProfileRead, kRead},
    {"ProfileService.QueryMemory", Scope::kProfileRead, kRead},
    // Who is there, and how much of them; `export --all` needs it.
    {"ProfileService.ListUsers", Scope::kHistoryRead, kRead},
    {"ModelService.GetModel", std::nullopt},
    {"ModelService.LoadModel", Scope::kAdmin},
};

}  // namespace

const MethodScope* FindMethodScope(std::string_view method) {
  const auto* found = std::find_if(std::begin(kMethodScopes), std::end(kMethodScopes),
                                   [method](const MethodScope& entry) { return entry.method == method; });
  return found == std::end(kMethodScopes) ? nullptr : found;
}

}  // namespace idiolect
