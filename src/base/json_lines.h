// Files of JSON, one value a line.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

namespace ptah {

/// Hands over the value of every line that holds anything, with its place ("file.jsonl:3"). Ends at the first error of `take`. Errors: corrupt for a line that
/// is no JSON, naming the place.
inline Result<void> each_json_line(std::string_view text, const std::string& name,
                                   const std::function<Result<void>(const Json& json, const std::string& where)>& take) {
  size_t number = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line(trimmed(text.substr(at, end - at)));
    at = end + 1;
    ++number;
    if (line.empty()) continue;
    const std::string where = fmt::format("{}:{}", name, number);
    const auto json = parse_json(line);
    if (!json) return fail(ErrorCode::corrupt, "{}: {}", where, json.error().message);
    PTAH_TRY_VOID(take(*json, where));
  }
  return {};
}

}  // namespace ptah
