// What servers and workers read of one another (jobs/remote/messages.h): what is read comes out again as it went in.
#include "jobs/remote/messages.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ptah;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto same = [](const auto& read, const auto& again) { PTAH_CHECK(again && again->text() == read->text(), "it is read back as another one"); };
  if (const auto job = RemoteJob::read(text)) same(job, RemoteJob::read(job->text()));
  if (const auto outcome = RemoteOutcome::read(text)) same(outcome, RemoteOutcome::read(outcome->text()));
  if (const auto worker = WorkerSeen::read(text)) same(worker, WorkerSeen::read(worker->text()));
  return 0;
}
