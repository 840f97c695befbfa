#include "text/lm/repetition.h"

#include <algorithm>

namespace ptah {

namespace {

constexpr size_t kMaxSentence = 400;  ///< bytes that are looked at

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80; }

}  // namespace

bool RepetitionWatch::repeats_tokens() const {
  const size_t n = tokens_.size();
  for (size_t period = 1; period <= kMaxPeriod; ++period) {
    const size_t wanted = std::max(2 * period, kMinRepeated);
    if (n < wanted + period) return false;
    size_t same = 0;
    while (same < wanted && tokens_[n - 1 - same] == tokens_[n - 1 - same - period]) ++same;
    if (same == wanted) return true;
  }
  return false;
}

bool RepetitionWatch::add(int32_t token, std::string_view text) {
  tokens_.push_back(token);
  bool loops = repeats_tokens();
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '.' || c == '!' || c == '?' || c == '\n') {
      if (sentence_.size() >= kMinLetters && ++copies_[sentence_] >= kMaxCopies) loops = true;
      sentence_.clear();
    } else if (is_letter(c) && sentence_.size() < kMaxSentence) {
      sentence_ += c;
    }
  }
  return loops;
}

}  // namespace ptah
