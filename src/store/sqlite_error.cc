#include "store/sqlite_error.h"

#include <sqlite3.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace idiolect {

absl::Status DamagedDatabase(std::string_view path, std::string_view detail) {
  return absl::DataLossError(absl::StrCat("the history database ", std::string(path), " is damaged or not a database (",
                                          std::string(detail),
                                          "): stop the server and put the file of the last backup in its place"));
}

absl::Status SqliteError(int code, std::string_view path, std::string_view detail) {
  switch (code & 0xff) {  // the primary code
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return DamagedDatabase(path, detail);
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
    case SQLITE_NOMEM:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return absl::UnavailableError(absl::StrCat("the history database ", std::string(path),
                                                 " can't be used at present (", std::string(detail), "); retry"));
    default:
      return absl::InternalError(
          absl::StrCat("history database ", std::string(path), ": ", std::string(detail), " (SQLite code ", code, ")"));
  }
}

}  // namespace idiolect
