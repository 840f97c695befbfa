#include "text/tokenize/text_steps.h"

#include <cstdlib>

#include "text/tokenize/characters.h"

namespace ptah {

namespace {

utf8proc_option_t options_of(TextStep::Kind kind) {
  using Kind = TextStep::Kind;
  switch (kind) {
    case Kind::nfc:
      return static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    case Kind::nfkc:
      return static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
    case Kind::nfkd:
      return static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT);
    default:
      return static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);
  }
}

/// Appends `text`, which is UTF-8, in a normal form.
void append_normal(std::string_view text, TextStep::Kind kind, std::string& out) {
  if (text.empty()) return;
  utf8proc_uint8_t* made = nullptr;
  const auto length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()), &made, options_of(kind));
  if (length >= 0)
    out.append(reinterpret_cast<const char*>(made), static_cast<size_t>(length));
  else
    out.append(text);
  std::free(made);
}

/// The stretches that are UTF-8 through `valid(stretch, out)`, other bytes as they are.
template <class Valid>
std::string stretches(std::string_view text, const Valid& valid) {
  std::string out;
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    if (c.value < 0) {
      valid(text.substr(begin, at - begin), out);
      out += text[at];
      begin = at + 1;
    }
    at += c.length;
  }
  valid(text.substr(begin), out);
  return out;
}

/// Each character through `change(code point, out)`.
template <class Change>
std::string characters(std::string_view text, const Change& change) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    if (c.value < 0)
      out += text[at];
    else
      change(c.value, text.substr(at, c.length), out);
    at += c.length;
  }
  return out;
}

void append_lower(int32_t value, std::string_view itself, std::string& out) {
  if (value == 0x130) {  // the one character whose lower case is two (SpecialCasing.txt)
    out += "i\u0307";
    return;
  }
  utf8proc_uint8_t bytes[4];
  const int32_t lower = utf8proc_tolower(value);
  if (lower == value)
    out += itself;
  else
    out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(utf8proc_encode_char(lower, bytes)));
}

std::string without_runs(std::string_view text, const std::string& to) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find_first_not_of(' ', at), text.size());
    if (end - at > 1)
      out += to, at = end;
    else
      out += text[at++];
  }
  return out;
}

std::string stripped(const std::string& text, bool left, bool right) {
  const auto white_at = [&](size_t at) { return is_white(character_at(text, at).value); };
  size_t begin = 0, end = text.size();
  while (left && begin < end && white_at(begin)) begin += character_at(text, begin).length;
  while (right && end > begin) {
    size_t last = end - 1;
    while (last > begin && (static_cast<uint8_t>(text[last]) & 0xC0) == 0x80) --last;
    if (!white_at(last)) break;
    end = last;
  }
  return text.substr(begin, end - begin);
}

}  // namespace

Result<TextSteps> TextSteps::make(const std::vector<TextStep>& steps) {
  TextSteps out;
  out.steps_ = steps;
  for (const TextStep& step : steps) {
    out.maps_.emplace_back();
    if (step.kind != TextStep::Kind::character_map) continue;
    PTAH_TRY(out.maps_.back(), CharacterMap::parse(step.from));
  }
  return out;
}

std::string TextSteps::apply(std::string_view text) const {
  using Kind = TextStep::Kind;
  std::string now(text);
  for (size_t i = 0; i < steps_.size(); ++i) {
    const TextStep& step = steps_[i];
    switch (step.kind) {
      case Kind::character_map:
        now = maps_[i]->apply(now);
        break;
      case Kind::replace:
        replace_all(now, step.from, step.to);
        break;
      case Kind::runs_of_spaces:
        now = without_runs(now, step.to);
        break;
      case Kind::strip:
        now = stripped(now, step.left, step.right);
        break;
      case Kind::prepend:
        if (!now.empty()) now.insert(0, step.to);
        break;
      case Kind::lowercase:
        now = characters(now, append_lower);
        break;
      case Kind::strip_accents:
        now = characters(now, [](int32_t value, std::string_view itself, std::string& out) {
          if (utf8proc_category(value) != UTF8PROC_CATEGORY_MN) out += itself;
        });
        break;
      default:
        now = stretches(now, [&](std::string_view part, std::string& out) { append_normal(part, step.kind, out); });
    }
  }
  return now;
}

}  // namespace ptah
