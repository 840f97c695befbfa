// What servers and workers of many machines say to one another through a broker.
//
//   ptah.jobs.CLASS.PATH.ENGINE.USER.SERVER.JOB   a job, queued: CLASS (job_class), PATH (numeric path) and ENGINE (engine_token) decide who can do it
//   ptah.events.SERVER                            what happens to a job, for its server: {"job", "event", …} as JobWorker::Tell has it
//   ptah.cancel                                   "SERVER.JOB" is not wanted any more
//   ptah.queued.CLASS                             there is a new job
//   ptah.running.SERVER.JOB                       asks whether somebody runs it
//   ptah.workers, ptah.hello                      who is there, each second; asks for it
//
// Values: "done.SERVER.JOB" is what became of a job, noted once; "kills.SERVER.JOB" how many workers ended with it.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/json.h"
#include "jobs/worker.h"

namespace ptah {

/// "text" (language and speech), "picture" (the default models and no model), "paint" (checkpoints of the user's own): a machine may do some of them only.
inline constexpr std::array<std::string_view, 3> kJobClasses{"text", "picture", "paint"};
std::string_view job_class(std::string_view recipe);

/// A job as a server queues it.
struct RemoteJob {
  std::string server;  ///< 16 hexadecimal digits
  int64_t id = 0;      ///< in its store
  std::string recipe;
  Json fields = Json::object();  ///< files are named "sha256:HEX/name" and "checkpoint:path/below/the/worker's"
  bool watched = false;
  std::string files;  ///< where its files are fetched and brought: "http://host:7878/v1/queue/12"
  std::string token;  ///< lets a worker do so, for this job alone

  std::string name() const { return fmt::format("{}.{}", server, id); }
  std::string text() const;
  /// Errors: corrupt, unsupported (a later version's).
  static Result<RemoteJob> read(std::string_view text);
};

/// What became of a job, as it is noted: outputs by name, digest and size with facts, or an error.
struct RemoteOutcome {
  std::vector<JobOutput> outputs;
  Json facts = nullptr;
  double seconds = 0;
  std::optional<Error> error;

  std::string text() const;
  /// Errors: corrupt.
  static Result<RemoteOutcome> read(std::string_view text);
};

/// Where jobs are done that are of one class and need one engine.
struct RemotePlace {
  std::string job_class, path, engine;
  /// Of the workers that do them.
  std::string group() const { return fmt::format("{}-{}-{}", job_class, path, engine); }
  std::string filter() const { return fmt::format("ptah.jobs.{}.{}.{}.>", job_class, path, engine); }
  /// `user`: the name of a key.
  std::string subject(const std::string& user, const RemoteJob& job) const;
};

/// The engine of this program (engine_identity.h) as a word of a subject: 12 hexadecimal digits.
std::string engine_token(const std::string& identity);

/// A worker as it says that it is there.
struct WorkerSeen {
  std::string name;  ///< host-process
  std::string path, engine;
  std::vector<std::string> classes;
  int64_t slots = 0, busy = 0;

  std::string text() const;
  /// Errors: corrupt.
  static Result<WorkerSeen> read(std::string_view text);
};

}  // namespace ptah
