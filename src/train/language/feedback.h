// What somebody said of answers, as rows of JSON in TRL's shapes, and digests of them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"

namespace ptah {

/// A row: of pairs {"prompt", "chosen", "rejected"}, of thumbs {"prompt", "completion", "label"}; each text or list of {"role", "content"}.
struct FeedbackRow {
  Json row;            ///< these members only
  std::string digest;  ///< SHA-256 of its canonical JSON, hex
  bool is_pair() const { return row.contains("chosen"); }
  /// Whether it is kept for the test of what was learnt: the same for all rows of a prompt, whatever else there is; about one in five.
  bool held_out() const;
};
/// The rows of a JSONL file, each once, in its order; members that are not named above are left out. Also reads what Open WebUI exports (a JSON list of
/// feedbacks with "data": {"rating"} and "snapshot"): thumbs. Errors: not_found; corrupt, naming the line.
Result<std::vector<FeedbackRow>> read_feedback(const std::filesystem::path& file);

/// The root of the Merkle tree over the rows' digests (RFC 9162: a leaf is hashed with a zero byte before it, a node with a one), hex. A row can be shown to be
/// in it without the others.
std::string merkle_root(const std::vector<FeedbackRow>& rows);

/// The probability that of `wins + losses` throws of a fair coin at least `wins` are heads (the one-sided sign test).
double sign_test(int64_t wins, int64_t losses);

}  // namespace ptah
