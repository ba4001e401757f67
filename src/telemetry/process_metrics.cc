#include "telemetry/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "telemetry/metric_families.h"

namespace idiolect {
namespace {

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + 1e-6 * t.tv_usec; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// In pages: the second number of /proc/self/statm; -1 where it can't be read.
int64_t ResidentPages() {
  std::ifstream statm("/proc/self/statm");
  int64_t size = 0, resident = 0;
  return statm >> size >> resident ? resident : -1;
}

int64_t OpenFiles() {
  std::error_code error;
  const std::filesystem::directory_iterator files("/proc/self/fd", error);
  return error ? -1 : std::distance(begin(files), end(files));
}

// Set when the program is loaded.
const double kStarted = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();

}  // namespace

std::vector<prometheus::MetricFamily> CollectProcessMetrics() {
  std::vector<prometheus::MetricFamily> families = {
      CounterFamily("process_cpu_seconds_total", "CPU time spent, in user mode and in the kernel.", CpuSeconds()),
      GaugeFamily("process_start_time_seconds", "When the process started, in Unix time.", kStarted)};
  if (const int64_t pages = ResidentPages(); pages >= 0) {
    families.push_back(GaugeFamily("process_resident_memory_bytes", "Memory that is not swapped out.",
                                   static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE))));
  }
  if (const int64_t files = OpenFiles(); files >= 0) {
    families.push_back(GaugeFamily("process_open_fds", "Open files and sockets.", static_cast<double>(files)));
  }
  return families;
}

}  // namespace idiolect
