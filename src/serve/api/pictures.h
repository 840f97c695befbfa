// Pictures that the interfaces of other programs ask for: jobs of `create`, and files that come with a request.
#pragma once

#include <span>

#include "serve/api/api_server.h"

namespace ptah {

inline constexpr const char* kPictureFile = "picture.png";

/// Jobs of so many pictures, whose seeds follow one another; held for who waits. Errors: as JobService::ask().
Result<std::vector<int64_t>> drawing_jobs(ApiServer& server, const Json& request, uint64_t seed, int64_t count, const ApiServer::Caller& caller);
/// The picture of a job that is done. Errors: internal (it has none), io.
Result<std::string> picture_in_base64(JobStore& store, const Job& job);
/// Keeps a picture under its digest, for a request that names it as is returned. Errors: invalid_argument, naming `field` (no picture), no_space, io.
Result<std::string> kept_picture(ApiServer& server, const std::string& owner, std::span<const uint8_t> bytes, const char* field);

}  // namespace ptah
