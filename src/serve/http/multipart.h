// Forms with files (multipart/form-data, RFC 7578), as browsers and HTTP libraries send them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace ptah {

struct FormPart {
  std::string name;
  std::optional<std::string> file_name;  ///< of a part that is a file
  std::string content_type;
  std::string_view body;  ///< within the body that was parsed
};

/// The parts of a body whose type is `content_type` ("multipart/form-data; boundary=…"); at most 64. Names are UTF-8 without control characters. Errors:
/// invalid_argument (another type, no boundary), corrupt.
Result<std::vector<FormPart>> parse_form(std::string_view content_type, std::string_view body);

}  // namespace ptah
