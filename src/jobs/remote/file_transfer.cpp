#include "jobs/remote/file_transfer.h"

#include <algorithm>

#include "base/file.h"
#include "base/hex.h"
#include "base/sha256.h"
#include "base/printable.h"
#include "pipelines/recipes.h"
#include "schema/named_files.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kMaxFileBytes = int64_t{1} << 30;
constexpr double kFirstPause = 0.1, kLongestPause = 2;

bool is_plain_part(const std::string& name) {
  return !name.empty() && name.size() <= 200 && name[0] != '.' && name.find('/') == std::string::npos && name.find('\0') == std::string::npos;
}

}  // namespace

Result<ClientResponse> FileTransfer::exchange(const RemoteJob& job, const std::string& sha256, ClientRequest request, const CancelToken& cancel) {
  request.url = fmt::format("{}/files/sha256:{}", job.files, sha256);
  request.bearer = job.token;
  request.stall_seconds = 30;
  request.cancel = &cancel;
  for (double pause = kFirstPause;; pause = std::min(kLongestPause, pause * 2)) {
    PTAH_TRY(ClientResponse response, client_.exchange(request));
    if (response.good()) return response;
    if (!response.passing) return tl::unexpected(http_error(request.url, response));
    PTAH_TRY_VOID(wait_to_retry(pause, &cancel));
  }
}

Result<std::string> FileTransfer::place(const RemoteJob& job, const std::string& said, const fs::path& checkpoints, const CancelToken& cancel) {
  if (said.starts_with("checkpoint:")) {
    const fs::path asked(said.substr(11));
    const bool inside = asked.is_relative() && std::none_of(asked.begin(), asked.end(), [](const fs::path& part) { return part == ".." || part == "."; });
    std::error_code problem;
    if (!inside || checkpoints.empty() || !fs::exists(checkpoints / asked, problem))
      return fail(ErrorCode::not_found,
                  "the worker that took the job has no checkpoint '{}': give that worker the server's models, or leave out its class `paint`",
                  printable(asked.string(), 120));
    return (checkpoints / asked).string();
  }
  if (!said.starts_with("sha256:")) {
    if (said.find('/') == std::string::npos) return said;  // a name
    return fail(ErrorCode::invalid_argument, "'{}' is no file that a worker may read", printable(said, 120));
  }
  const size_t slash = said.find('/');
  const std::string sha256 = said.substr(7, slash == std::string::npos ? slash : slash - 7),
                    name = slash == std::string::npos ? "file" : said.substr(slash + 1);
  if (!is_hex(sha256, 64) || !is_plain_part(name)) return fail(ErrorCode::invalid_argument, "'{}' is no file that a worker may read", printable(said, 120));
  const fs::path file = folder_ / "named" / sha256 / name;
  std::error_code problem;
  if (fs::is_regular_file(file, problem)) return file.string();
  PTAH_TRY(const ClientResponse response, exchange(job, sha256, {.max_bytes = kMaxFileBytes}, cancel));
  if (sha256_hex(as_bytes(response.body)) != sha256) return fail(ErrorCode::mismatch, "the server sent other bytes than sha256:{}", sha256);
  PTAH_TRY_VOID(make_folders(file.parent_path()));
  PTAH_TRY_VOID(write_file(file, {as_bytes(response.body)}, 0600));
  return file.string();
}

Result<Json> FileTransfer::fetched(const RemoteJob& job, const fs::path& checkpoints, const CancelToken& cancel) {
  Json fields = job.fields;
  const auto change = [&](Json& text) -> Result<void> {
    PTAH_TRY(text, place(job, text.get<std::string>(), checkpoints, cancel));
    return {};
  };
  if (const auto recipe = find_recipe(job.recipe)) {
    PTAH_TRY_VOID(change_named_files(*(*recipe)->schema, fields, change));
  } else {
    for (const char* name : {"model", "draft", "adapter"})
      if (fields.contains(name) && fields[name].is_string()) PTAH_TRY_VOID(change(fields[name]));
  }
  return fields;
}

Result<void> FileTransfer::bring(const RemoteJob& job, const JobOutput& output, const fs::path& file, const CancelToken& cancel) {
  PTAH_TRY(const auto bytes, MappedFile::open(file));
  const std::span<const uint8_t> content = bytes->bytes();
  ClientRequest request{.post = std::string(content.begin(), content.end()), .headers = {"Content-Type: application/octet-stream"}};
  PTAH_TRY_VOID(exchange(job, output.sha256, std::move(request), cancel));
  return {};
}

}  // namespace ptah
