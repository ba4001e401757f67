#include <cstdlib>

#include "tests/store/store_fixture.h"

namespace idiolect {

std::vector<StoreKind> TestedKinds() { return {StoreKind::kSqlite, StoreKind::kMemory}; }
std::string EmptyPostgresUrl() { std::abort(); }

}  // namespace idiolect
