#include "voice/captions.h"

#include <cmath>

#include "base/text.h"

namespace ptah {

namespace {

constexpr size_t kLine = 42, kCue = 2 * kLine;
constexpr size_t kShort = 24;  ///< characters; a sentence that is shorter is shown with the next one

std::string clock_time(double seconds, char point) {
  const auto ms = static_cast<int64_t>(std::llround(seconds * 1000));
  return fmt::format("{:02}:{:02}:{:02}{}{:03}", ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, point, ms % 1000);
}

size_t character_count(const std::string& text) {
  size_t out = 0;
  for (const char c : text) out += (static_cast<uint8_t>(c) & 0xC0) != 0x80;
  return out;
}

bool ends_a_sentence(const std::string& written) {
  const size_t last = written.find_last_not_of("\"')]");
  return last != std::string::npos && std::string_view(".!?").find(written[last]) != std::string_view::npos;
}

/// The words of a cue in two lines if one is too long, with something before each but the first.
std::string in_lines(const std::vector<SpokenWord>& words, const Cue& cue, const std::function<std::string(const SpokenWord&)>& before, bool escaped) {
  size_t whole = 0, so_far = 0;
  for (size_t i = cue.first; i < cue.last; ++i) whole += words[i].written.empty() ? 0 : character_count(words[i].written) + 1;
  std::string out;
  bool parted = whole <= kLine + 1;
  for (size_t i = cue.first; i < cue.last; ++i) {
    if (words[i].written.empty()) continue;
    std::string text = words[i].written;
    if (!out.empty()) {
      const bool line = !parted && so_far + character_count(text) > whole / 2;
      parted |= line;
      out += (line ? "\n" : " ") + before(words[i]);
    }
    so_far += character_count(text) + 1;
    if (escaped) replace_all(text, "&", "&amp;"), replace_all(text, "<", "&lt;"), replace_all(text, ">", "&gt;");
    out += text;
  }
  return out;
}

/// Seconds, exact to a thousandth.
double thousandths(double seconds) { return std::round(seconds * 1000) / 1000; }

}  // namespace

std::vector<Cue> cues_of(const std::vector<SpokenWord>& words) {
  std::vector<Cue> out;
  size_t length = 0;
  bool ended = true;
  for (size_t i = 0; i < words.size(); ++i) {
    const size_t more = words[i].written.empty() ? 0 : character_count(words[i].written) + 1;
    const bool other = i > 0 && words[i].utterance != words[i - 1].utterance;
    if (more > 0 && (ended || other || length + more > kCue + 1)) {
      out.push_back({words[i].begin, words[i].end, i, i});
      length = 0;
    }
    if (out.empty()) out.push_back({words[i].begin, words[i].end, i, i});
    out.back().end = words[i].end;
    out.back().last = i + 1;
    length += more;
    if (more > 0) ended = ends_a_sentence(words[i].written) && length > kShort;
  }
  return out;
}

std::string cue_text(const std::vector<SpokenWord>& words, const Cue& cue) {
  return in_lines(
      words, cue, [](const SpokenWord&) { return std::string(); }, false);
}

std::string webvtt_of(const std::vector<SpokenWord>& words, bool with_times) {
  std::string out = "WEBVTT\n";
  for (const Cue& cue : cues_of(words)) {
    const auto time = [&](const SpokenWord& word) { return with_times ? "<" + clock_time(word.begin, '.') + ">" : std::string(); };
    out += fmt::format("\n{} --> {}\n{}\n", clock_time(cue.begin, '.'), clock_time(cue.end, '.'), in_lines(words, cue, time, true));
  }
  return out;
}

std::string srt_of(const std::vector<SpokenWord>& words) {
  std::string out;
  size_t number = 0;
  for (const Cue& cue : cues_of(words))
    out += fmt::format("{}{}\n{} --> {}\n{}\n", number > 0 ? "\n" : "", number + 1, clock_time(cue.begin, ','), clock_time(cue.end, ','), cue_text(words, cue)),
        ++number;
  return out;
}

Json word_times(const std::vector<SpokenWord>& words, bool with_phonemes) {
  Json out = Json::array();
  for (const SpokenWord& word : words) {
    Json one{{"word", word.text}, {"written", word.written}, {"begin", thousandths(word.begin)}, {"end", thousandths(word.end)}};
    if (with_phonemes) {
      Json& list = one["phonemes"] = Json::array();
      for (const SpokenPhoneme& said : word.phonemes)
        list.push_back({{"phoneme", said.phoneme}, {"begin", thousandths(said.begin)}, {"end", thousandths(said.end)}});
    }
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace ptah
