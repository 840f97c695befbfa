// Configurations in YAML as OmegaConf writes them: mappings of scalars and of further mappings, and ${section.key} for a value that stands elsewhere.
#pragma once

#include <string_view>

#include "base/json.h"

namespace ptah {

/// The mapping as a JSON object; scalars as PyYAML reads them (null, booleans, integers, floats, else text). Lists, anchors, tags, blocks of text, braces and
/// several documents are not read. `shown` begins the messages, which name the line. Errors: corrupt for what is no YAML, for a key that stands twice and for
/// references that lead nowhere or round; unsupported for the parts that are not read; over_budget beyond 1 MiB, 4096 keys or a depth of 16.
Result<Json> parse_yaml(std::string_view text, const std::string& shown);

}  // namespace ptah
