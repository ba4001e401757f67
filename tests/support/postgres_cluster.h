// PostgreSQL for tests: a primary on a free port of the loopback interface, and where wanted a synchronous standby. Run
// as an unprivileged user (PostgreSQL refuses root), ended with the object, and with the process whatever happens to
// it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/temp_folder.h"

namespace idiolect {

class PostgresCluster {
 public:
  // Why it can't be run here, for a test to be skipped by; empty where it can.
  static std::string Obstacle();

  enum class Standby { kNone, kSynchronous };
  explicit PostgresCluster(Standby standby = Standby::kNone);
  ~PostgresCluster();

  // With all hosts; `parameters` are added as they are ("&connect_timeout=2").
  std::string Url(const std::string& parameters = "") const;

  // Runs SQL on the primary. The first column of the first row, as text.
  std::string Query(const std::string& sql) const;

  // kill -9 of every process at once.
  void KillPrimary();
  void StartPrimary();
  void KillStandby();
  void StartStandby();  // returns when it is in step again
  // The standby becomes the primary, and waits for no other.
  void Promote();
  // After that: makes a standby of the new primary in the place of the one that was killed.
  void RebuildStandby();

 private:
  struct Server {
    std::string data;  // folder
    int port = 0;
    pid_t process = 0;
  };
  void MakePrimary(bool synchronous);
  void MakeStandby();
  void Start(Server& server) const;
  static void Kill(Server& server);
  static void SetSynchronous(const Server& server, bool synchronous);

  TempFolder folder_;
  Server primary_, standby_;
};

}  // namespace idiolect
