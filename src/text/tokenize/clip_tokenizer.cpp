#include "text/tokenize/clip_tokenizer.h"

#include <utf8proc.h>
#include <zlib.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <limits>

#include "base/text.h"
#include "text/tokenize/characters.h"

namespace ptah {

namespace {

constexpr int64_t kPublished = 49408;  ///< tokens of the published vocabulary
constexpr size_t kMaxBytes = size_t{1} << 24;

Result<std::string> inflated(std::string_view bytes) {
  if (bytes.size() < 2 || static_cast<uint8_t>(bytes[0]) != 0x1F || static_cast<uint8_t>(bytes[1]) != 0x8B) return std::string(bytes);
  z_stream stream{};
  if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) return fail(ErrorCode::io, "clip vocabulary: no memory to unpack it");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(std::min<size_t>(bytes.size(), kMaxBytes));
  std::string out;
  int status = Z_OK;
  while (status == Z_OK && out.size() < kMaxBytes) {
    char buffer[1 << 15];
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof buffer;
    status = inflate(&stream, Z_NO_FLUSH);
    out.append(buffer, sizeof buffer - stream.avail_out);
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END) return fail(ErrorCode::corrupt, "clip vocabulary: broken gzip data, or more than {} MiB", kMaxBytes >> 20);
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
  constexpr size_t kMaxWord = 1024;  // longer ones are cut: joining is quadratic in their length
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
      while (end < normal.size() && end - at < kMaxWord && class_of(character_at(normal, end).value) == kind) end += character_at(normal, end).length;
    append_word(normal.substr(at, end - at), out);
    at = end;
  }
  return out;
}

int32_t ClipTokenizer::id_of(const std::string& token) const {
  if (token == "<|startoftext|>") return begin();
  if (token == "<|endoftext|>") return end();
  const auto found = ids_.find(token);
  return found == ids_.end() ? -1 : found->second;
}

}  // namespace ptah
