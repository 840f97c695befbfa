// A work that was made again, against its receipt and against the files that are here.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "work/receipt.h"

namespace ptah {

struct ReplayComparison {
  std::vector<std::string> lines;  ///< one a file, for people
  Error problem;                   ///< mismatch; none if the message is empty
  bool same() const { return problem.message.empty(); }
};
/// `file` names the work: its folder, its receipt.json, or a file with the receipt inside. Errors: as verify_work.
Result<ReplayComparison> compare_replayed(const Json& receipt, const Work& again, const std::filesystem::path& file);

}  // namespace ptah
