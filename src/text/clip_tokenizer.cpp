#include "text/clip_tokenizer.h"

#include <utf8proc.h>
#include <zlib.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <limits>

#include "base/text.h"
#include "text/characters.h"

namespace ptah {

namespace {

constexpr int64_t kPublished = 49408;  ///< tokens of the published vocabulary
constexpr size_t kMostBytes = size_t{1} << 24;

Result<std::string> inflated(std::string_view bytes) {
  if (bytes.size() < 2 || static_cast<uint8_t>(bytes[0]) != 0x1F || static_cast<uint8_t>(bytes[1]) != 0x8B) return std::string(bytes);
  z_stream stream{};
  if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) return fail(ErrorCode::io, "clip vocabulary: no memory to unpack it");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(std::min<size_t>(bytes.size(), kMostBytes));
  std::string out;
  int status = Z_OK;
  while (status == Z_OK && out.size() < kMostBytes) {
    char buffer[1 << 15];
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof buffer;
    status = inflate(&stream, Z_NO_FLUSH);
    out.append(buffer, sizeof buffer - stream.avail_out);
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END) return fail(ErrorCode::corrupt, "clip vocabulary: broken gzip data, or more than {} MiB", kMostBytes >> 20);
  return out;
}

/// Composed and lowered, white space as single blanks; bytes that are no UTF-8 are dropped.
std::string normal_form(std::string_view text) {
  std::string valid;
  for (size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    if (c.value > 0) valid.append(text, at, c.length);
    at += c.length;
  }
  utf8proc_uint8_t* composed = utf8proc_NFC(reinterpret_cast<const utf8proc_uint8_t*>(valid.c_str()));
  if (!composed) return "";
  const std::string held(reinterpret_cast<char*>(composed));
  std::free(composed);
  std::string out;
  for (size_t at = 0; at < held.size();) {
    const auto [c, length] = character_at(held, at);
    at += length;
    const bool space = is_white(c) || (c >= 0x1C && c <= 0x1F);
    if (space) {
      if (out.empty() || out.back() != ' ') out += ' ';
    } else {
      out += c == 0x130 ? "i\u0307" : utf8_of(utf8proc_tolower(c));  // the one letter that becomes two
    }
  }
  return out;
}

}  // namespace

Result<ClipTokenizer> ClipTokenizer::parse(std::string_view merges) {
  PTAH_TRY(const std::string text, inflated(merges));
  std::vector<std::string> lines = lines_of(text);
  if (lines.size() < 2) return fail(ErrorCode::corrupt, "clip vocabulary: {} lines", lines.size());
  lines.erase(lines.begin());
  lines.resize(std::min<size_t>(lines.size(), static_cast<size_t>(kPublished - 512 - 2)));
  ClipTokenizer made;
  const auto add = [&](const std::string& token) { return made.ids_.emplace(token, static_cast<int32_t>(made.ids_.size())).second; };
  for (const char* end : {"", "</w>"})  // the printable bytes in the order of their stand-ins: first those that stand for themselves
    for (const bool itself : {true, false})
      for (int b = 0; b < 256; ++b)
        if (stands_for_itself(b) == itself) add(utf8_of(printable_bytes()[static_cast<size_t>(b)]) + end);
  for (size_t i = 0; i < lines.size(); ++i) {
    const size_t blank = lines[i].find(' ');
    if (blank == std::string::npos || blank == 0 || lines[i].find(' ', blank + 1) != std::string::npos)
      return fail(ErrorCode::corrupt, "clip vocabulary: merge {} is '{}'", i + 1, lines[i].substr(0, 60));
    const std::string left = lines[i].substr(0, blank), right = lines[i].substr(blank + 1);
    if (!made.ids_.contains(left) || !made.ids_.contains(right))
      return fail(ErrorCode::corrupt, "clip vocabulary: merge {} ('{}') is of unknown pieces", i + 1, lines[i].substr(0, 60));
    if (!add(left + right)) return fail(ErrorCode::corrupt, "clip vocabulary: merge {} ('{}') makes what is there", i + 1, lines[i].substr(0, 60));
    made.ranks_.emplace(lines[i], static_cast<int32_t>(i));
  }
  return made;
}

void ClipTokenizer::append_word(const std::string& word, std::vector<int32_t>& out) const {
  std::vector<std::string> pieces;
  for (const char c : word) pieces.push_back(utf8_of(printable_bytes()[static_cast<uint8_t>(c)]));
  pieces.back() += "</w>";
  while (pieces.size() > 1) {
    int32_t best = std::numeric_limits<int32_t>::max();
    size_t at = 0;
    for (size_t i = 0; i + 1 < pieces.size(); ++i) {
      const auto found = ranks_.find(pieces[i] + " " + pieces[i + 1]);
      if (found != ranks_.end() && found->second < best) best = found->second, at = i;
    }
    if (best == std::numeric_limits<int32_t>::max()) break;
    pieces[at] += pieces[at + 1];
    pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
  for (const std::string& piece : pieces) out.push_back(ids_.at(piece));
}

std::vector<int32_t> ClipTokenizer::encode(std::string_view text) const {
  constexpr size_t kMostWord = 1024;  // longer ones are cut: joining is quadratic in their length
  const std::string normal = normal_form(text);
  std::vector<int32_t> out;
  for (size_t at = 0; at < normal.size();) {
    const Character first = character_at(normal, at);
    const CharacterClass kind = class_of(first.value);
    size_t end = at + first.length;
    if (kind == CharacterClass::space) {
      at = end;
      continue;
    }
    size_t contraction = 0;
    if (normal[at] == '\'')
      for (const char* form : {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"})
        if (contraction == 0 && normal.compare(at, std::string_view(form).size(), form) == 0) contraction = std::string_view(form).size();
    if (contraction > 0)
      end = at + contraction;
    else if (kind != CharacterClass::number)  // digits stand alone
      while (end < normal.size() && end - at < kMostWord && class_of(character_at(normal, end).value) == kind) end += character_at(normal, end).length;
    append_word(normal.substr(at, end - at), out);
    at = end;
  }
  return out;
}

std::vector<WeightedText> weighted_parts(std::string_view prompt) {
  constexpr float kStep = 1.1F;
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

ClipWindows clip_windows(const ClipTokenizer& tokenizer, std::string_view prompt, int32_t padding, size_t least, const ClipWords& words) {
  constexpr size_t kInside = ClipTokenizer::kWindow - 2;
  std::vector<std::pair<std::vector<int32_t>, std::vector<float>>> windows(1);
  for (const WeightedText& part : weighted_parts(prompt)) {
    std::string_view rest = part.text;
    for (bool first = true; first || !rest.empty(); first = false) {
      const size_t found = rest.find("BREAK");
      for (std::string_view text = rest.substr(0, found); !text.empty();) {
        const auto [at, word] = first_word(text, words);
        for (const int32_t id : tokenizer.encode(text.substr(0, at))) {
          if (windows.back().first.size() == kInside) windows.emplace_back();
          windows.back().first.push_back(id);
          windows.back().second.push_back(part.weight);
        }
        if (!word) break;
        if (windows.back().first.size() + word->second.size() > kInside) windows.emplace_back();
        windows.back().first.insert(windows.back().first.end(), word->second.begin(), word->second.end());
        windows.back().second.resize(windows.back().first.size(), part.weight);
        text.remove_prefix(at + word->first.size());
      }
      if (found == std::string_view::npos) break;
      windows.emplace_back();
      rest.remove_prefix(found + 5);
    }
  }
  windows.resize(std::max(windows.size(), least));
  ClipWindows out;
  for (auto& [ids, weights] : windows) {
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
