// Captions of a folder of pictures, as people keep them.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"

namespace ptah {

/// The captions of a folder by the pictures' file names, from captions.jsonl or metadata.jsonl (an object a line: "file_name" or "file", and "text", "caption"
/// or "captions") or metadata.csv (a header with these names; RFC 4180); empty if there is none of these files.
/// Errors: corrupt (naming file and line), not_found for a picture that is not there.
Result<std::map<std::string, std::vector<std::string>>> read_captions(const std::filesystem::path& folder);

/// The rows of a CSV text (RFC 4180: commas, double quotes, which may hold line breaks). Errors: corrupt for a quotation mark that is never closed.
Result<std::vector<std::vector<std::string>>> parse_csv(const std::string& text);

}  // namespace ptah
