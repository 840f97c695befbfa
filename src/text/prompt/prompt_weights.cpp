// What Stable Diffusion's users write round words, by the WebUI's rules and by those of Ptah's first versions, and the windows that come of it.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>
#include <optional>

#include "text/tokenize/characters.h"
#include "text/tokenize/clip_tokenizer.h"

namespace ptah {

namespace {

constexpr float kStep = 1.1F;

/// By rules 1.
std::vector<WeightedText> parts_before(std::string_view prompt) {
  std::vector<WeightedText> parts;
  std::vector<std::pair<char, size_t>> open;  // brackets and the number of parts before them
  std::string held;
  const auto flush = [&] {
    if (!held.empty()) parts.push_back({held, 1});
    held.clear();
  };
  const auto scale = [&](size_t from, float by) {
    for (size_t i = from; i < parts.size(); ++i) parts[i].weight *= by;
  };
  for (size_t i = 0; i < prompt.size(); ++i) {
    const char c = prompt[i];
    if (c == '\\' && i + 1 < prompt.size() && std::string_view("()[]\\").find(prompt[i + 1]) != std::string_view::npos) {
      held += prompt[++i];
    } else if (c == '(' || c == '[') {
      flush();
      open.emplace_back(c, parts.size());
    } else if (c == ':' && !open.empty() && open.back().first == '(') {
      const size_t close = prompt.find(')', i);
      float weight = 0;
      std::string_view number = prompt.substr(i + 1, close == std::string_view::npos ? 0 : close - i - 1);
      while (!number.empty() && number.front() == ' ') number.remove_prefix(1);
      while (!number.empty() && number.back() == ' ') number.remove_suffix(1);
      const auto [end, problem] = std::from_chars(number.data(), number.data() + number.size(), weight);
      if (problem != std::errc() || end != number.data() + number.size() || !(weight >= -10 && weight <= 10)) {
        held += c;
        continue;
      }
      flush();
      scale(open.back().second, weight);
      open.pop_back();
      i = close;
    } else if ((c == ')' || c == ']') && !open.empty() && open.back().first == (c == ')' ? '(' : '[')) {
      flush();
      scale(open.back().second, c == ')' ? kStep : 1 / kStep);
      open.pop_back();
    } else {
      held += c;
    }
  }
  flush();
  for (const auto& [bracket, from] : open) scale(from, bracket == '(' ? kStep : 1 / kStep);
  return parts;
}

/// Whether a letter, digit or underline stands at a place of a text, or (`before`) ends there.
bool word_at(std::string_view text, size_t at, bool before) {
  if (before) {
    if (at == 0) return false;
    do --at;
    while (at > 0 && (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80);
  }
  if (at >= text.size()) return false;
  if (text[at] == '_') return true;
  const CharacterClass kind = class_of(character_at(text, at).value);
  return kind == CharacterClass::letter || kind == CharacterClass::number;
}

bool blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// Appends a text, cut where it says BREAK; blanks round that go.
void append_text(std::string_view text, std::vector<WeightedText>& parts) {
  constexpr std::string_view kBreak = "BREAK";
  size_t from = 0;
  for (size_t at = text.find(kBreak); at != std::string_view::npos; at = text.find(kBreak, at + 1)) {
    if (word_at(text, at, true) || word_at(text, at + kBreak.size(), false)) continue;
    size_t left = at, right = at + kBreak.size();
    while (left > from && blank(text[left - 1])) --left;
    while (right < text.size() && blank(text[right])) ++right;
    parts.push_back({std::string(text.substr(from, left - from))});
    parts.push_back({.text = "", .breaks = true});
    from = right;
  }
  parts.push_back({std::string(text.substr(from))});
}

/// The number in ":1.3)", and the index behind the bracket; none if there is no such thing at `at`.
std::optional<std::pair<float, size_t>> weight_at(std::string_view prompt, size_t at) {
  size_t begin = at + 1;
  while (begin < prompt.size() && blank(prompt[begin])) ++begin;
  size_t end = begin;
  if (end < prompt.size() && (prompt[end] == '+' || prompt[end] == '-')) ++end;
  const size_t digits = end;
  while (end < prompt.size() && (prompt[end] == '.' || (prompt[end] >= '0' && prompt[end] <= '9'))) ++end;
  size_t close = end;
  while (close < prompt.size() && blank(prompt[close])) ++close;
  if (end == digits || close >= prompt.size() || prompt[close] != ')') return {};
  float weight = 0;
  const size_t first = prompt[begin] == '+' ? begin + 1 : begin;
  const auto [stop, problem] = std::from_chars(prompt.data() + first, prompt.data() + end, weight);
  if (problem != std::errc() || stop != prompt.data() + end || !(std::abs(weight) <= 1e6F))
    throw Failure({ErrorCode::invalid_argument, fmt::format("the prompt: '{}' is no number that a weight can be; write e.g. (word:1.3)",
                                                            prompt.substr(begin, std::min<size_t>(end - begin, 40)))});
  return std::pair{weight, close + 1};
}

/// By rules 2.
std::vector<WeightedText> parts_now(std::string_view prompt) {
  std::vector<WeightedText> parts;
  std::vector<size_t> round, square;  // the number of parts before each open bracket
  const auto scale = [&](size_t from, float by) {
    for (size_t i = from; i < parts.size(); ++i) parts[i].weight *= by;
  };
  const auto close = [&](std::vector<size_t>& open, float by) {
    scale(open.back(), by);
    open.pop_back();
  };
  for (size_t i = 0; i < prompt.size();) {
    const char c = prompt[i];
    if (c == '\\') {
      const bool escapes = i + 1 < prompt.size() && std::string_view("()[]\\").find(prompt[i + 1]) != std::string_view::npos;
      parts.push_back({escapes ? std::string(1, prompt[i + 1]) : ""});
      i += escapes ? 2 : 1;
      continue;
    }
    if (c == '(' || c == '[') {
      (c == '(' ? round : square).push_back(parts.size());
      ++i;
      continue;
    }
    if (const auto weight = c == ':' && !round.empty() ? weight_at(prompt, i) : std::nullopt) {
      close(round, weight->first);
      i = weight->second;
      continue;
    }
    if (c == ')' && !round.empty()) {
      close(round, kStep);
      ++i;
      continue;
    }
    if (c == ']' && !square.empty()) {
      close(square, 1 / kStep);
      ++i;
      continue;
    }
    const size_t end = c == ':' || c == ')' || c == ']' ? i + 1 : std::min(prompt.find_first_of("\\()[]:", i), prompt.size());
    append_text(prompt.substr(i, end - i), parts);
    i = end;
  }
  for (const size_t from : round) scale(from, kStep);
  for (const size_t from : square) scale(from, 1 / kStep);
  std::vector<WeightedText> out;
  for (WeightedText& part : parts) {
    if (!part.breaks && part.text.empty()) continue;
    if (!part.breaks && !out.empty() && !out.back().breaks && out.back().weight == part.weight)
      out.back().text += part.text;
    else
      out.push_back(std::move(part));
  }
  return out;
}

}  // namespace

std::vector<WeightedText> weighted_parts(std::string_view prompt, int64_t rules) { return rules == 1 ? parts_before(prompt) : parts_now(prompt); }

namespace {

/// The first of `words` in a text, where no letter, digit or underline touches it; of several at one place the longest.
std::pair<size_t, const ClipWords::value_type*> first_word(std::string_view text, const ClipWords& words) {
  const auto touches = [&](size_t at) {
    return at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) || text[at] == '_' || text[at] == '-');
  };
  std::pair<size_t, const ClipWords::value_type*> best{std::string_view::npos, nullptr};
  for (const auto& word : words) {
    const std::string& name = word.first;
    for (size_t at = text.find(name); !name.empty() && at != std::string_view::npos; at = text.find(name, at + 1)) {
      if ((at > 0 && touches(at - 1)) || touches(at + name.size())) continue;
      if (at < best.first || (at == best.first && name.size() > best.second->first.size())) best = {at, &word};
      break;
    }
  }
  return best;
}

}  // namespace

namespace {

struct Window {
  std::vector<int32_t> ids;
  std::vector<float> weights;
};

/// Fills windows token by token.
class Filler {
 public:
  Filler(const ClipTokenizer& tokenizer, int64_t rules) : moves_(rules != 1), comma_(tokenizer.id_of(",</w>")) {}

  void next() {
    windows.emplace_back();
    last_comma_ = kNone;
  }
  void add(int32_t id, float weight) {
    if (moves_ && id == comma_)
      last_comma_ = windows.back().ids.size();
    else if (moves_ && full() && last_comma_ != kNone && windows.back().ids.size() - last_comma_ <= kMaxMoved)
      move_behind(last_comma_ + 1);
    if (full()) next();
    windows.back().ids.push_back(id);
    windows.back().weights.push_back(weight);
  }
  void add_together(const std::vector<int32_t>& ids, float weight) {
    if (windows.back().ids.size() + ids.size() > kInside) next();
    windows.back().ids.insert(windows.back().ids.end(), ids.begin(), ids.end());
    windows.back().weights.resize(windows.back().ids.size(), weight);
  }

  std::vector<Window> windows = std::vector<Window>(1);

 private:
  static constexpr size_t kInside = ClipTokenizer::kWindow - 2, kMaxMoved = 20, kNone = std::numeric_limits<size_t>::max();
  bool full() const { return windows.back().ids.size() == kInside; }
  /// What stands behind the last comma goes to the next window.
  void move_behind(size_t place) {
    Window moved;
    Window& from = windows.back();
    const auto at = static_cast<std::ptrdiff_t>(place);
    moved.ids.assign(from.ids.begin() + at, from.ids.end());
    moved.weights.assign(from.weights.begin() + at, from.weights.end());
    from.ids.resize(place);
    from.weights.resize(place);
    next();
    windows.back() = std::move(moved);
  }

  bool moves_;
  int32_t comma_;
  size_t last_comma_ = kNone;
};

}  // namespace

ClipWindows clip_windows(const ClipTokenizer& tokenizer, std::string_view prompt, int32_t padding, size_t min_windows, const ClipWords& words, int64_t rules) {
  Filler filler(tokenizer, rules);
  const auto add_text = [&](std::string_view text, float weight) {
    while (!text.empty()) {
      const auto [at, word] = first_word(text, words);
      for (const int32_t id : tokenizer.encode(text.substr(0, at))) filler.add(id, weight);
      if (!word) break;
      filler.add_together(word->second, weight);
      text.remove_prefix(at + word->first.size());
    }
  };
  for (const WeightedText& part : weighted_parts(prompt, rules)) {
    if (part.breaks) {
      filler.next();
      continue;
    }
    std::string_view rest = part.text;
    for (size_t found = rules == 1 ? rest.find("BREAK") : std::string_view::npos; found != std::string_view::npos; found = rest.find("BREAK")) {
      add_text(rest.substr(0, found), part.weight);
      filler.next();
      rest.remove_prefix(found + 5);
    }
    add_text(rest, part.weight);
  }
  filler.windows.resize(std::max(filler.windows.size(), min_windows));
  ClipWindows out;
  for (const auto& [ids, weights] : filler.windows) {
    std::vector<int32_t> whole{tokenizer.begin()};
    std::vector<float> by{1};
    whole.insert(whole.end(), ids.begin(), ids.end());
    by.insert(by.end(), weights.begin(), weights.end());
    whole.push_back(tokenizer.end());
    whole.resize(ClipTokenizer::kWindow, padding);
    by.resize(ClipTokenizer::kWindow, 1);
    out.ids.push_back(std::move(whole));
    out.weights.push_back(std::move(by));
  }
  return out;
}

}  // namespace ptah
