// What was found in a file or work, as JSON: what `ptah verify --json` prints and a server answers.
#pragma once

#include "own/authenticity.h"

namespace ptah {

/// "2026-12-01 12:00:00 UTC"
std::string utc_text(int64_t seconds);
/// {"file", "verdict", "exit_status", "says", "files", "not_covered", "signature", …}; `says` is the verdict's sentence, `file` what was looked at.
Json facts_json(const Facts& facts, Verdict verdict, const std::string& says, const std::string& file);

}  // namespace ptah
