#include "base/error.h"

#include <cerrno>
#include <cstring>

namespace ptah {

const ErrorInfo& error_info(ErrorCode code) {
  static constexpr ErrorInfo kTable[] = {
      {ErrorCode::invalid_argument, "invalid_argument", 2, 400},
      {ErrorCode::not_found, "not_found", 3, 404},
      {ErrorCode::corrupt, "corrupt", 4, 422},
      {ErrorCode::unsupported, "unsupported", 5, 415},
      {ErrorCode::mismatch, "mismatch", 6, 409},
      {ErrorCode::over_budget, "over_budget", 7, 413},
      {ErrorCode::io, "io", 8, 500},
      {ErrorCode::no_space, "no_space", 9, 507},
      {ErrorCode::permission, "permission", 10, 403},
      {ErrorCode::cancelled, "cancelled", 130, 499},
      {ErrorCode::internal, "internal", 70, 500},
  };
  for (const ErrorInfo& info : kTable)
    if (info.code == code) return info;
  return kTable[std::size(kTable) - 1];
}

tl::unexpected<Error> fail_errno(const std::string& what) {
  const int number = errno;
  ErrorCode code = ErrorCode::io;
  if (number == ENOSPC || number == EDQUOT) code = ErrorCode::no_space;
  if (number == EACCES || number == EPERM || number == EROFS) code = ErrorCode::permission;
  if (number == ENOENT || number == ENOTDIR) code = ErrorCode::not_found;
  return tl::unexpected<Error>(Error{code, what + ": " + std::strerror(number)});
}

void detail::check_failed(const char* file, int line, const char* condition, const std::string& message) {
  const char* slash = std::strrchr(file, '/');
  throw Failure({ErrorCode::internal, fmt::format("{} (check '{}' at {}:{})", message, condition, slash ? slash + 1 : file, line)});
}

}  // namespace ptah
