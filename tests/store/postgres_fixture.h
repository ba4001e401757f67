// The PostgreSQL server that all tests of a program share.
#pragma once

#include "tests/support/postgres_cluster.h"

namespace idiolect {

PostgresCluster& SharedCluster();

}  // namespace idiolect
