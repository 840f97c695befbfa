#include "serve/api/pictures.h"

#include "base/base64.h"
#include "base/file.h"
#include "base/sha256.h"
#include "serve/api/openai/language_request.h"

namespace ptah {

Result<std::vector<int64_t>> drawing_jobs(ApiServer& server, const Json& request, uint64_t seed, int64_t count, const ApiServer::Caller& caller) {
  std::vector<int64_t> jobs;
  for (int64_t i = 0; i < count; ++i) {
    Json one = request;
    one["seed"] = seed + static_cast<uint64_t>(i);
    const auto job = server.service().ask("create", one, caller.name, JobService::For::now);
    if (!job) {
      for (const int64_t id : jobs) server.service().release(id);
      return tl::unexpected(job.error());
    }
    server.service().hold(job->id);
    jobs.push_back(job->id);
  }
  return jobs;
}

Result<std::string> picture_in_base64(JobStore& store, const Job& job) {
  for (const JobOutput& output : job.outputs)
    if (output.name == kPictureFile) {
      PTAH_TRY(const Bytes bytes, read_file(store.place_of(output)));
      return to_base64(bytes);
    }
  return fail(ErrorCode::internal, "{} has no picture", job_name(job.id));
}

Result<std::string> kept_picture(ApiServer& server, const std::string& owner, std::span<const uint8_t> bytes, const char* field) {
  const std::string_view begin(reinterpret_cast<const char*>(bytes.data()), std::min<size_t>(bytes.size(), 12));
  const char* ending = begin.starts_with("\x89PNG")                                       ? "png"
                       : begin.starts_with("\xFF\xD8")                                    ? "jpg"
                       : begin.starts_with("RIFF") && begin.substr(8).starts_with("WEBP") ? "webp"
                                                                                          : nullptr;
  if (!ending) return wrong_member(field, "a PNG, JPEG or WebP is expected");
  const std::string sha256 = sha256_hex(bytes);
  PTAH_TRY_VOID(server.service().files().put(owner, sha256, bytes));
  return fmt::format("sha256:{}/{}.{}", sha256, field, ending);
}

}  // namespace ptah
