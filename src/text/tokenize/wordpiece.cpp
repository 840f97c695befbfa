#include "text/tokenize/wordpiece.h"

#include <array>

#include "text/tokenize/characters.h"

namespace ptah {

namespace {

using Rune = utf8proc_int32_t;

constexpr size_t kMaxWordRunes = 100;  // longer words are unknown

/// Calls f(rune) for each valid character.
template <class F>
void for_runes(std::string_view text, const F& f) {
  for (size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    if (c.value >= 0) f(c.value);
    at += c.length;
  }
}

void append(std::string& out, Rune rune) { out += utf8_of(rune); }

bool is_control(Rune r) {
  if (r == '\t' || r == '\n' || r == '\r') return false;
  const auto category = utf8proc_category(r);
  return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF || category == UTF8PROC_CATEGORY_CO || category == UTF8PROC_CATEGORY_CS;
}

bool is_punctuation(Rune r) {
  if ((r >= 33 && r <= 47) || (r >= 58 && r <= 64) || (r >= 91 && r <= 96) || (r >= 123 && r <= 126)) return true;
  const auto category = utf8proc_category(r);
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

/// The blocks of Chinese characters that BERT splits one by one.
bool is_cjk(Rune r) {
  constexpr std::pair<Rune, Rune> kBlocks[] = {{0x4E00, 0x9FFF},   {0x3400, 0x4DBF},   {0x20000, 0x2A6DF}, {0x2A700, 0x2B73F},
                                               {0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF}, {0xF900, 0xFAFF},   {0x2F800, 0x2FA1F}};
  for (const auto& [first, last] : kBlocks)
    if (r >= first && r <= last) return true;
  return false;
}

}  // namespace

std::string bert_normalized(std::string_view text, bool lowercase) {
  std::string out;
  out.reserve(text.size() + 16);
  const auto emit = [&](Rune r) {
    if (!lowercase) return append(out, r);
    std::array<Rune, 32> parts{};
    int boundary = 0;
    const utf8proc_ssize_t count = utf8proc_decompose_char(r, parts.data(), static_cast<utf8proc_ssize_t>(parts.size()), UTF8PROC_DECOMPOSE, &boundary);
    for (utf8proc_ssize_t i = 0; i < count && i < static_cast<utf8proc_ssize_t>(parts.size()); ++i) {
      const Rune part = parts[static_cast<size_t>(i)];
      if (utf8proc_category(part) != UTF8PROC_CATEGORY_MN) append(out, utf8proc_tolower(part));
    }
  };
  for_runes(text, [&](Rune r) {
    if (r == 0 || r == 0xFFFD || is_control(r)) return;
    if (is_white(r)) {
      out += ' ';
    } else if (is_cjk(r)) {
      out += ' ';
      emit(r);
      out += ' ';
    } else {
      emit(r);
    }
  });
  return out;
}

Result<WordPiece> WordPiece::parse(std::string_view vocabulary, bool lowercase) {
  WordPiece made;
  made.lowercase_ = lowercase;
  int32_t number = 0;
  for (size_t at = 0; at < vocabulary.size(); ++number) {
    const size_t end = std::min(vocabulary.find('\n', at), vocabulary.size());
    std::string_view token = vocabulary.substr(at, end - at);
    if (!token.empty() && token.back() == '\r') token.remove_suffix(1);
    if (!made.ids_.emplace(token, number).second) return fail(ErrorCode::corrupt, "vocabulary: token {} appears twice", number);
    at = end + 1;
  }
  for (const char* special : {"[PAD]", "[UNK]", "[CLS]", "[SEP]"})
    if (!made.ids_.contains(special)) return fail(ErrorCode::corrupt, "vocabulary: {} is missing among {} tokens", special, number);
  return made;
}

void WordPiece::append_word(std::string_view word, size_t max_ids, std::vector<int32_t>& out) const {
  size_t runes = 0;
  for (const char c : word) runes += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  if (runes > kMaxWordRunes) {
    out.push_back(id("[UNK]"));
    return;
  }
  const size_t before = out.size();
  for (size_t at = 0; at < word.size();) {
    size_t end = word.size();
    int32_t found = -1;
    for (; end > at; --end) {
      if (end < word.size() && (static_cast<unsigned char>(word[end]) & 0xC0) == 0x80) continue;  // within a character
      const std::string part = (at ? "##" : "") + std::string(word.substr(at, end - at));
      const auto known = ids_.find(part);
      if (known == ids_.end()) continue;
      found = known->second;
      break;
    }
    if (found < 0) {  // one unknown part makes the whole word unknown
      out.resize(before);
      out.push_back(id("[UNK]"));
      return;
    }
    out.push_back(found);
    at = end;
    if (out.size() > max_ids + kMaxWordRunes) return;
  }
}

std::vector<int32_t> WordPiece::encode(std::string_view text, size_t max_ids) const {
  PTAH_CHECK(max_ids >= 2, "encode into {} tokens; two are needed for [CLS] and [SEP]", max_ids);
  std::vector<int32_t> out{id("[CLS]")};
  const std::string normal = bert_normalized(text, lowercase_);
  std::string word;
  const auto flush = [&] {
    if (!word.empty() && out.size() < max_ids) append_word(word, max_ids, out);
    word.clear();
  };
  for_runes(normal, [&](Rune r) {
    if (out.size() >= max_ids) return;
    if (r == ' ') {
      flush();
    } else if (is_punctuation(r)) {
      flush();
      append(word, r);
      flush();
    } else {
      append(word, r);
    }
  });
  flush();
  out.resize(std::min(out.size(), max_ids - 1));
  out.push_back(id("[SEP]"));
  return out;
}

}  // namespace ptah
