// Errors: Result<T> at public boundaries and wherever bytes from outside are read; PTAH_CHECK for mistakes of the programmer.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <tl/expected.hpp>

namespace ptah {

enum class ErrorCode {
  invalid_argument,
  not_found,
  corrupt,
  unsupported,
  mismatch,
  over_budget,
  io,
  no_space,
  permission,
  cancelled,
  internal,
};

struct ErrorInfo {
  ErrorCode code;
  const char* name;
  int exit_status;
  int http_status;
};

/// The one table: code → name, exit status of the command, HTTP status.
const ErrorInfo& error_info(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;
};

template <class T>
using Result = tl::expected<T, Error>;

template <class... Args>
tl::unexpected<Error> fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected<Error>(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

/// Error for a failed system call, with the code chosen from errno (ENOSPC, EACCES, EROFS, ENOENT …).
tl::unexpected<Error> fail_errno(const std::string& what);

/// Thrown by PTAH_CHECK and by deep code; turned into an Error once, at the job boundary.
class Failure : public std::runtime_error {
 public:
  explicit Failure(Error error) : std::runtime_error(error.message), error_(std::move(error)) {}
  const Error& error() const { return error_; }

 private:
  Error error_;
};

namespace detail {
[[noreturn]] void check_failed(const char* file, int line, const char* condition, const std::string& message);
}

/// Runs f and turns whatever it throws into an Error.
template <class F>
auto guard(F&& f) -> decltype(f()) {
  try {
    return f();
  } catch (const Failure& failure) {
    return tl::unexpected<Error>(failure.error());
  } catch (const std::bad_alloc&) {
    return tl::unexpected<Error>(Error{ErrorCode::over_budget, "out of memory"});
  } catch (const std::exception& problem) {
    return tl::unexpected<Error>(Error{ErrorCode::internal, problem.what()});
  }
}

/// The value of a result, or its error thrown as Failure.
template <class T>
T value_or_throw(Result<T> result) {
  if (!result) throw Failure(std::move(result.error()));
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace ptah

#define PTAH_CHECK(condition, ...)                                                                            \
  do {                                                                                                        \
    if (!(condition)) ::ptah::detail::check_failed(__FILE__, __LINE__, #condition, fmt::format(__VA_ARGS__)); \
  } while (false)

#define PTAH_CONCAT_(a, b) a##b
#define PTAH_CONCAT(a, b) PTAH_CONCAT_(a, b)
#define PTAH_TRY_(result, declaration, ...)                                     \
  auto result = (__VA_ARGS__);                                                  \
  if (!result) return tl::unexpected<::ptah::Error>(std::move(result.error())); \
  declaration = std::move(*result)
/// PTAH_TRY(auto x, f()): x is the value of f(), or the enclosing function returns its error.
#define PTAH_TRY(declaration, ...) PTAH_TRY_(PTAH_CONCAT(ptah_result_, __LINE__), declaration, __VA_ARGS__)
/// PTAH_TRY_VOID(f()): the same for Result<void>.
#define PTAH_TRY_VOID(...)                                                                  \
  do {                                                                                      \
    auto ptah_result = (__VA_ARGS__);                                                       \
    if (!ptah_result) return tl::unexpected<::ptah::Error>(std::move(ptah_result.error())); \
  } while (false)
