// Files of jobs between a worker and the server that queued them, over HTTP, by their digests.
#pragma once

#include <filesystem>

#include "jobs/remote/messages.h"
#include "net/http.h"

namespace ptah {

/// For one job at a time. A server that does not answer is asked again until the token is cancelled: it may have been killed, and comes back.
class FileTransfer {
 public:
  explicit FileTransfer(std::filesystem::path folder) : folder_(std::move(folder)) {}
  /// The fields of a job with every file that they name ("sha256:HEX/name", "checkpoint:path") replaced by its place here: fetched and checked, or below
  /// `checkpoints`. Errors, with the field: not_found, mismatch, invalid_argument (another path), permission (the job has ended), cancelled.
  Result<Json> fetched(const RemoteJob& job, const std::filesystem::path& checkpoints, const CancelToken& cancel);
  /// Brings a file to the server. Errors: permission (the job has ended), not_found, cancelled, io (a server that refuses it).
  Result<void> bring(const RemoteJob& job, const JobOutput& output, const std::filesystem::path& file, const CancelToken& cancel);

 private:
  Result<ClientResponse> exchange(const RemoteJob& job, const std::string& sha256, ClientRequest request, const CancelToken& cancel);
  Result<std::string> place(const RemoteJob& job, const std::string& said, const std::filesystem::path& checkpoints, const CancelToken& cancel);

  std::filesystem::path folder_;
  HttpClient client_;
};

}  // namespace ptah
