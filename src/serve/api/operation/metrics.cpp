#include "serve/api/operation/metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

#include "tensor/device.h"

namespace ptah {

namespace {

class MetricsText {
 public:
  void family(const char* name, const char* type, const char* help) { out_ += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help); }
  void value(const std::string& name, double value) { out_ += fmt::format("{} {}\n", name, ecmascript_number(value)); }
  void one(const char* name, const char* type, const char* help, double of) {
    family(name, type, help);
    value(name, of);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

/// A label's value: names of recipes and states are plain, the rest is escaped.
std::string label(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

double resident_bytes() {
  long pages = 0, all = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%ld %ld", &all, &pages) != 2) pages = 0;  // NOLINT(cert-err34-c): the kernel's own numbers
    std::fclose(file);
  }
  return static_cast<double>(pages) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double processor_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace

std::string metrics_text(JobService& service, const HttpServer::Counts& http) {
  MetricsText out;
  out.family("ptah_build_info", "gauge", "The program: its version and numeric path.");
  out.value(fmt::format("ptah_build_info{{version=\"{}\",numeric_path=\"{}\"}}", label(kEngineVersion), label(numeric_path())), 1);
  out.one("ptah_ready", "gauge", "1 while works can be made.", service.problem() ? 0 : 1);
  const std::vector<JobCount> counts = service.store().counts();
  out.family("ptah_jobs", "gauge", "Jobs in the store by kind and state.");
  for (const JobCount& one : counts)
    out.value(fmt::format("ptah_jobs{{kind=\"{}\",state=\"{}\"}}", label(one.recipe), label(status_name(one.state))), static_cast<double>(one.count));
  out.family("ptah_job_seconds_total", "counter", "Seconds that jobs took which are done, by kind.");
  for (const JobCount& one : counts)
    if (one.state == JobState::done) out.value(fmt::format("ptah_job_seconds_total{{kind=\"{}\"}}", label(one.recipe)), one.seconds);
  double waiting = 0;
  for (const QueuedJob& job : service.store().queued()) waiting += job.planned_seconds;
  out.one("ptah_queue_planned_seconds", "gauge", "Planned seconds of the jobs that wait.", waiting);
  out.one("ptah_plans_waiting", "gauge", "Requests that are being planned, or wait for that.", service.planning());
  out.one("ptah_event_streams", "gauge", "Clients that follow events.", static_cast<double>(service.events().followers()));
  out.one("ptah_workers", "gauge", "Jobs that may run at once.", service.options().workers);
  out.one("ptah_memory_budget_bytes", "gauge", "Memory of all works together; 0: no limit.", static_cast<double>(service.options().budget_bytes));
  out.one("ptah_http_connections", "gauge", "Open connections.", static_cast<double>(http.connections));
  out.one("ptah_http_connections_total", "counter", "Connections that were accepted.", static_cast<double>(http.accepted));
  out.one("ptah_http_requests_total", "counter", "Requests that were taken.", static_cast<double>(http.requests));
  out.one("ptah_http_refused_total", "counter", "Requests that were refused before a handler saw them.", static_cast<double>(http.refused));
  out.one("process_resident_memory_bytes", "gauge", "Memory of the server; workers are processes of their own.", resident_bytes());
  out.one("process_cpu_seconds_total", "counter", "Processor time of the server.", processor_seconds());
  return out.take();
}

}  // namespace ptah
