#include "base/text.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

namespace ptah {

std::string utf8_of(int32_t c) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | (c >> shift & 63)); };
  if (c < 0 || c > 0x10FFFF) return "";
  if (c < 0x80) return {static_cast<char>(c)};
  if (c < 0x800) return {static_cast<char>(0xC0 | c >> 6), tail(0)};
  if (c < 0x10000) return {static_cast<char>(0xE0 | c >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xF0 | c >> 18), tail(12), tail(6), tail(0)};
}

size_t invalid_utf8_at(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  for (size_t i = 0; i < text.size();) {
    const unsigned lead = byte(i);
    size_t length = 1;
    unsigned low = 0x80, high = 0xBF;
    if (lead >= 0x80) {
      if (lead < 0xC2 || lead > 0xF4) return i;
      length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
      if (lead == 0xE0) low = 0xA0;
      if (lead == 0xED) high = 0x9F;
      if (lead == 0xF0) low = 0x90;
      if (lead == 0xF4) high = 0x8F;
    }
    for (size_t j = 1; j < length; ++j) {
      if (byte(i + j) < low || byte(i + j) > high) return i;
      low = 0x80;
      high = 0xBF;
    }
    i += length;
  }
  return std::string_view::npos;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = text.starts_with("\xEF\xBB\xBF") ? 3 : 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty()) lines.push_back(line);
    at = end + 1;
  }
  return lines;
}

size_t sentence_end(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') return i + 1;
    for (const std::string_view wide : {"…", "。", "！", "？"})
      if (text.substr(i, wide.size()) == wide) return i + wide.size();
    const bool followed = i + 1 < text.size() && (text[i + 1] == ' ' || text[i + 1] == '\n');
    if (followed && (text[i] == '.' || text[i] == '!' || text[i] == '?')) return i + 1;
  }
  return std::string_view::npos;
}

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::string lower_case(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return text;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  std::string out;
  size_t at = 0;
  for (size_t found = text.find(from); found != std::string::npos; found = text.find(from, at)) {
    out.append(text, at, found - at).append(to);
    at = found + from.size();
  }
  text = out.append(text, at, std::string::npos);
}

Result<std::string> from_base64(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  if (text.size() % 4 == 1) return fail(ErrorCode::corrupt, "base64: {} characters", text.size());
  std::string out;
  uint32_t held = 0;
  int bits = 0;
  for (const char c : text) {
    const int value = c >= 'A' && c <= 'Z'   ? c - 'A'
                      : c >= 'a' && c <= 'z' ? c - 'a' + 26
                      : c >= '0' && c <= '9' ? c - '0' + 52
                      : c == '+'             ? 62
                      : c == '/'             ? 63
                                             : -1;
    if (value < 0) return fail(ErrorCode::corrupt, "base64: '{}'", c);
    held = held << 6 | static_cast<uint32_t>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>(held >> bits & 255);
  }
  return out;
}

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t kept = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({kept, row[j + 1] + 1, row[j] + 1});
    }
  }
  return row.back();
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  const auto best =
      std::min_element(candidates.begin(), candidates.end(), [&](const auto& a, const auto& b) { return edit_distance(word, a) < edit_distance(word, b); });
  return best == candidates.end() ? std::string() : *best;
}

namespace {

/// The edit distance, where two neighbours that changed places count as one edit.
size_t typing_distance(const std::string& a, const std::string& b) {
  const size_t distance = edit_distance(a, b);
  if (distance != 2 || a.size() != b.size()) return distance;
  const auto at = static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin()).first - a.begin());
  return at + 1 < a.size() && a[at] == b[at + 1] && a[at + 1] == b[at] ? 1 : distance;
}

}  // namespace

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string wanted = lower_case(std::string(word.substr(0, 256)));
  if (wanted.empty()) return "";
  std::vector<std::string> lower;
  for (const std::string& candidate : candidates) lower.push_back(lower_case(candidate));
  const auto best =
      std::min_element(lower.begin(), lower.end(), [&](const auto& a, const auto& b) { return typing_distance(wanted, a) < typing_distance(wanted, b); });
  const std::string near = best == lower.end() ? "" : *best;
  const auto at = [&](const std::string& found) { return candidates[static_cast<size_t>(std::find(lower.begin(), lower.end(), found) - lower.begin())]; };
  const size_t letters = wanted.size() - std::min(wanted.find_first_not_of('-'), wanted.size());
  if (!near.empty() && typing_distance(wanted, near) <= std::min<size_t>((letters + 2) / 3, 3)) return at(near);
  for (const std::string& candidate : lower)
    if (letters >= 3 && (candidate.starts_with(wanted) || wanted.starts_with(candidate))) return at(candidate);
  return "";
}

tl::unexpected<Error> unknown_name(std::string_view what, std::string_view name, const std::vector<std::string>& known) {
  constexpr size_t kMaxListed = 32;
  const std::string meant = did_you_mean(name, known);
  const auto end = known.begin() + static_cast<std::ptrdiff_t>(std::min(known.size(), kMaxListed));
  return fail(ErrorCode::invalid_argument, "unknown {} '{}'; {}known: {}{}", what, printable(name, 80),
              meant.empty() ? "" : fmt::format("did you mean '{}'? ", meant), fmt::join(known.begin(), end, " "),
              end == known.end() ? "" : fmt::format(" … ({} in all)", known.size()));
}

tl::unexpected<Error> unknown_name(std::string_view what, std::string_view name, const char* known) {
  std::vector<std::string> names;
  const std::string_view list = known;
  for (size_t at = 0; at < list.size();) {
    const size_t end = std::min(list.find(' ', at), list.size());
    if (end > at) names.emplace_back(list.substr(at, end - at));
    at = end + 1;
  }
  return unknown_name(what, name, names);
}

std::string plain_text(std::string text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  replace_all(text, "\r\n", "\n");
  return text;
}

std::string beginning(const std::string& text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  while (max_bytes > 0 && (static_cast<unsigned char>(text[max_bytes]) & 0xC0) == 0x80) --max_bytes;
  return text.substr(0, max_bytes);
}

}  // namespace ptah
