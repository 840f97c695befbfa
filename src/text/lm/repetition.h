// Notices texts that repeat themselves without end, as small language models do.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ptah {

/// Reads along with an answer. It loops when its last tokens are three copies of the same ones (at least kMinRepeated tokens beside the first copy, periods up
/// to kMaxPeriod), or when a sentence or line of at least kMinLetters letters comes for the kMaxCopies-th time; numbers and marks do not count there.
class RepetitionWatch {
 public:
  static constexpr size_t kMaxPeriod = 96, kMinRepeated = 40, kMinLetters = 24;
  static constexpr int kMaxCopies = 4;

  /// Takes a token and the text that came with it; true once the answer loops.
  bool add(int32_t token, std::string_view text);

 private:
  bool repeats_tokens() const;
  std::vector<int32_t> tokens_;
  std::string sentence_;               ///< letters of the one that is not over
  std::map<std::string, int> copies_;  ///< of sentences
};

}  // namespace ptah
