#include "cli/import_state.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace idiolect {

namespace fs = std::filesystem;

std::string DescribeImportJob(const std::string& path, const std::string& options) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  const auto changed = fs::last_write_time(path, error).time_since_epoch().count();
  return absl::StrCat(path, " of ", size, " bytes, ", changed, "; ", options);
}

std::optional<ImportState> LoadImportState(const std::string& path, const std::string& job) {
  std::ifstream file(path, std::ios::binary);
  const nlohmann::json json = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || json.value("job", "") != job) return std::nullopt;
  ImportState state;
  state.job = job;
  state.line = json.value("line", int64_t{0});
  state.counts = {.stored = json.value("stored", int64_t{0}),
                  .duplicate = json.value("duplicate", int64_t{0}),
                  .rejected = json.value("rejected", int64_t{0}),
                  .left_out = json.value("left_out", int64_t{0})};
  state.rejects_bytes = json.value("rejects_bytes", int64_t{0});
  return state;
}

absl::Status SaveImportState(const std::string& path, const ImportState& state) {
  const std::string unfinished = absl::StrCat(path, ".part");
  std::ofstream file(unfinished, std::ios::binary);
  file << nlohmann::ordered_json{{"job", state.job},
                                 {"line", state.line},
                                 {"stored", state.counts.stored},
                                 {"duplicate", state.counts.duplicate},
                                 {"rejected", state.counts.rejected},
                                 {"left_out", state.counts.left_out},
                                 {"rejects_bytes", state.rejects_bytes}}
       << std::endl;
  file.close();
  if (file && std::rename(unfinished.c_str(), path.c_str()) == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("can't write ", path, ", where the import notes how far it has come"));
}

}  // namespace idiolect
