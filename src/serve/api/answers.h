// Answers that the routes of the interface have in common.
#pragma once

#include <charconv>
#include <concepts>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "serve/http/message.h"

namespace ptah {

/// A number of 0 or more in a query, header or name; nothing if the text is none.
template <std::integral T>
std::optional<T> whole_number(std::string_view text) {
  T out{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && problem == std::errc() && end == text.data() + text.size() && !(out < T{}) ? std::optional(out) : std::nullopt;
}

/// A message of ours without backquotes around the names of fields.
std::string plain_message(const std::string& message);
/// {"error": {"message", "type", "param", "code"}} as OpenAI's clients read it: the code is a text or null, the parameter the field at fault or null.
HttpResponse api_error(int status, const std::string& message, const char* code = nullptr, const std::string& param = "");
/// The same of an error of a request: 422 for what cannot be, 404 for what is not there, and so on. `bad_request` is the status of the former.
HttpResponse api_error(const Error& error, int bad_request = 422);

/// The bytes of a file whose SHA-256 (in hex) is known: whole or the one range that is asked for, with ETag and Repr-Digest; 304 to who has them already, 416
/// for a range that is not there.
HttpResponse file_answer(const HttpRequest& request, const std::filesystem::path& file, const std::string& sha256, const std::string& type);

/// A request's body, an object. Errors: corrupt, invalid_argument.
Result<Json> body_of_request(const HttpRequest& request);

/// The seed of a request that names none: of its Idempotency-Key, so that the request sent again asks for the same work; else a random one.
uint64_t seed_of(const HttpRequest& request, const std::string& owner);

}  // namespace ptah
