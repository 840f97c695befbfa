// Errors about a field of a request. The message names fields between backquotes, as they are called in JSON: "`size` 900; 128 to 512 are possible"; each front
// end says them in its own words (schema/schema.h: said()).
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace ptah {

/// fail() for a field, which the message names before any other.
template <class... Args>
tl::unexpected<Error> fail_field(std::string_view field, ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  Error error{code, fmt::format(format, std::forward<Args>(args)...)};
  PTAH_CHECK(error.message.find(fmt::format("`{}`", field)) == error.message.find('`'), "an error of {} that names another field: {}", field, error.message);
  return tl::unexpected<Error>(std::move(error));
}

/// The field at fault; empty if there is none.
std::string field_of(const Error& error);

}  // namespace ptah
