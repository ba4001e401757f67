#include "tests/support/postgres_cluster.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"

namespace idiolect {
namespace {

namespace fs = std::filesystem;
constexpr char kPrograms[] = "/usr/lib/postgresql/15/bin/";
constexpr char kStandbyName[] = "standby";

// Who runs PostgreSQL where the tests run as root.
const passwd* Unprivileged() {
  if (const passwd* user = getpwnam("postgres")) return user;
  return getpwnam("nobody");
}

void BecomeUnprivileged() {
  if (geteuid() != 0) return;
  const passwd* user = Unprivileged();
  if (user == nullptr || setgroups(0, nullptr) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)
    _exit(126);
}

// Starts a program of PostgreSQL, which ends with this process.
pid_t Spawn(const std::string& program, std::vector<std::string> arguments, const std::string& log) {
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child != 0) return child;
  BecomeUnprivileged();
  prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (getppid() != parent || chdir("/") != 0) _exit(126);
  const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  arguments.insert(arguments.begin(), kPrograms + program);
  std::vector<char*> raw;
  for (std::string& argument : arguments) raw.push_back(argument.data());
  raw.push_back(nullptr);
  setenv("LC_ALL", "C", 1);
  execv(raw.front(), raw.data());
  _exit(127);
}

void RunProgram(const std::string& program, std::vector<std::string> arguments, const std::string& log) {
  int status = 0;
  waitpid(Spawn(program, std::move(arguments), log), &status, 0);
  if (status == 0) return;
  std::ifstream file(log);
  ADD_FAILURE() << program << " ended with status " << status << ": "
                << std::string(std::istreambuf_iterator<char>(file), {});
}

int FreePort() {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(bind(probe, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(probe);
  return ntohs(address.sin_port);
}

template <typename Done>
void Await(const std::string& what, Done done) {
  for (int i = 0; i < 3000; ++i) {
    if (done()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  ADD_FAILURE() << what << " takes more than a minute";
}

std::string ServerUrl(int port) {
  return absl::StrCat("host=127.0.0.1 user=idiolect dbname=postgres options='-c client_min_messages=warning' port=",
                      port);
}

std::string QueryServer(int port, const std::string& sql) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(ServerUrl(port).c_str()), &PQfinish);
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()), &PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_TUPLES_OK) return PQntuples(result.get()) == 0 ? "" : PQgetvalue(result.get(), 0, 0);
  EXPECT_EQ(status, PGRES_COMMAND_OK) << sql << ": " << PQerrorMessage(connection.get());
  return "";
}

std::vector<pid_t> ChildrenOf(pid_t process) {
  std::ifstream file(absl::StrCat("/proc/", process, "/task/", process, "/children"));
  return std::vector<pid_t>(std::istream_iterator<pid_t>(file), {});
}

}  // namespace

std::string PostgresCluster::Obstacle() {
  if (!fs::exists(absl::StrCat(kPrograms, "initdb"))) return "PostgreSQL 15 is not installed (scripts/install-deps)";
  if (geteuid() == 0 && Unprivileged() == nullptr) return "there is no user for PostgreSQL to run as";
  return "";
}

PostgresCluster::PostgresCluster(Standby standby) {
  fs::permissions(folder_.path(), fs::perms::all);
  MakePrimary(standby == Standby::kSynchronous);
  StartPrimary();
  if (standby == Standby::kNone) return;
  MakeStandby();
  StartStandby();
}

PostgresCluster::~PostgresCluster() {
  Kill(primary_);
  Kill(standby_);
}

void PostgresCluster::MakePrimary(bool synchronous) {
  primary_ = {.data = folder_.File("primary"), .port = FreePort()};
  RunProgram("initdb", {"-D", primary_.data, "-U", "idiolect", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"},
             folder_.File("initdb.log"));
  // What tests need, and no more than a small machine has. A killed process loses nothing by fsync=off.
  std::ofstream settings(fs::path(primary_.data) / "postgresql.conf", std::ios::app);
  settings << "listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\nshared_buffers = 16MB\n"
           << "max_connections = 60\nwal_level = replica\nmax_wal_senders = 4\nwal_keep_size = 64MB\n"
           << "include_if_exists = 'synchronous.conf'\n";
  settings.close();
  if (synchronous) SetSynchronous(primary_, true);
}

void PostgresCluster::MakeStandby() {
  if (standby_.port == 0) standby_ = {.data = folder_.File("standby"), .port = FreePort()};
  RunProgram("pg_basebackup",
             {"-D", standby_.data, "-R", "-c", "fast", "--no-sync", "-d",
              absl::StrCat(ServerUrl(primary_.port), " application_name=", kStandbyName)},
             folder_.File("basebackup.log"));
}

void PostgresCluster::Start(Server& server) const {
  fs::remove(fs::path(server.data) / "postmaster.pid");  // of one that was killed, whose number may be somebody's now
  server.process =
      Spawn("postgres", {"-D", server.data, "-p", std::to_string(server.port)}, folder_.File("postgres.log"));
  Await("the start of PostgreSQL", [&] { return PQping(ServerUrl(server.port).c_str()) == PQPING_OK; });
}

void PostgresCluster::StartPrimary() { Start(primary_); }

void PostgresCluster::StartStandby() {
  Start(standby_);
  Await("the standby's catching up", [this] {
    return QueryServer(primary_.port, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1";
  });
}

void PostgresCluster::Kill(Server& server) {
  if (server.process == 0) return;
  const std::vector<pid_t> children = ChildrenOf(server.process);
  kill(server.process, SIGKILL);
  for (const pid_t child : children) kill(child, SIGKILL);
  waitpid(server.process, nullptr, 0);
  server.process = 0;
  Await("the end of PostgreSQL's processes", [&] {
    return std::none_of(children.begin(), children.end(), [](pid_t child) { return kill(child, 0) == 0; });
  });
}

void PostgresCluster::KillPrimary() { Kill(primary_); }
void PostgresCluster::KillStandby() { Kill(standby_); }

void PostgresCluster::Promote() {
  SetSynchronous(standby_, false);
  QueryServer(standby_.port, "SELECT pg_promote()");
  std::swap(primary_, standby_);
}

void PostgresCluster::RebuildStandby() {
  fs::remove_all(standby_.data);
  MakeStandby();
  SetSynchronous(primary_, true);
  StartStandby();
}

void PostgresCluster::SetSynchronous(const Server& server, bool synchronous) {
  std::ofstream(fs::path(server.data) / "synchronous.conf")
      << "synchronous_standby_names = '" << (synchronous ? kStandbyName : "") << "'\n";
  if (server.process != 0) QueryServer(server.port, "SELECT pg_reload_conf()");
}

std::string PostgresCluster::Url(const std::string& parameters) const {
  const std::string second = standby_.port == 0 ? "" : absl::StrCat(",127.0.0.1:", standby_.port);
  return absl::StrCat("postgres://idiolect@127.0.0.1:", primary_.port, second, "/postgres?sslmode=disable", parameters);
}

std::string PostgresCluster::Query(const std::string& sql) const { return QueryServer(primary_.port, sql); }

}  // namespace idiolect
