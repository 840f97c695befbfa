#include "text/tokenize/vocabulary.h"

#include <algorithm>
#include <map>

namespace ptah {

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || std::isalnum(byte)) {
      word += static_cast<char>(byte < 0x80 ? std::tolower(byte) : byte);
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

void Vocabulary::add(const std::string& token) {
  if (ids_.emplace(token, static_cast<int32_t>(tokens_.size())).second) {
    tokens_.push_back(token);
    if (token.rfind("##", 0) != 0 && token.rfind('~', 0) != 0 && token.front() != '[') words_.push_back(token);
  }
}

namespace {

/// The strings that byte-pair merging makes out of the counted words, most frequent merges first.
std::vector<std::string> merged_pieces(const std::map<std::string, int64_t>& counts, size_t max_pieces) {
  std::vector<std::pair<std::vector<std::string>, int64_t>> words;
  for (const auto& [word, count] : counts) {
    if (std::any_of(word.begin(), word.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) continue;  // letters of several bytes stay whole
    std::vector<std::string> letters;
    for (const char c : word) letters.emplace_back(1, c);
    words.emplace_back(std::move(letters), count);
  }
  std::vector<std::string> pieces;
  while (pieces.size() < max_pieces) {
    std::map<std::pair<std::string, std::string>, int64_t> pairs;
    for (const auto& [parts, count] : words)
      for (size_t i = 0; i + 1 < parts.size(); ++i) pairs[{parts[i], parts[i + 1]}] += count;
    const auto best = std::max_element(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    if (best == pairs.end() || best->second < 2) break;
    const auto [left, right] = best->first;
    for (auto& [parts, count] : words)
      for (size_t i = 0; i + 1 < parts.size(); ++i)
        if (parts[i] == left && parts[i + 1] == right) {
          parts[i] += right;
          parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(i) + 1);
        }
    pieces.push_back(left + right);
  }
  return pieces;
}

}  // namespace

Vocabulary Vocabulary::learn(const std::vector<std::string>& captions, size_t pieces) {
  std::map<std::string, int64_t> counts;
  for (const std::string& caption : captions)
    for (const std::string& word : split_words(caption)) ++counts[word];
  Vocabulary vocabulary;
  for (const char* special : {"[pad]", "[start]", "[unknown]"}) vocabulary.add(special);
  for (const auto& [word, count] : counts) vocabulary.add(word);
  std::map<std::string, int64_t> once;  // a piece is worth the words it occurs in, not how often they are said
  for (const auto& [word, count] : counts) once[word] = 1;
  std::vector<std::string> parts;
  for (char c = 'a'; c <= 'z'; ++c) parts.emplace_back(1, c);
  for (char c = '0'; c <= '9'; ++c) parts.emplace_back(1, c);
  for (std::string& piece : merged_pieces(once, pieces)) parts.push_back(std::move(piece));
  for (const std::string& part : parts) {
    vocabulary.add("~" + part);  // a beginning that is no word by itself
    vocabulary.add("##" + part);
  }
  return vocabulary;
}

Result<Vocabulary> Vocabulary::parse(std::string_view text) {
  Vocabulary vocabulary;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string token(text.substr(at, end - at));
    if (token.empty()) return fail(ErrorCode::corrupt, "vocabulary: empty token {}", vocabulary.size());
    const int64_t before = vocabulary.size();
    vocabulary.add(token);
    if (vocabulary.size() == before) return fail(ErrorCode::corrupt, "vocabulary: token '{}' appears twice", token);
    at = end + 1;
  }
  if (vocabulary.size() < 3 || vocabulary.tokens_[0] != "[pad]" || vocabulary.tokens_[1] != "[start]" || vocabulary.tokens_[2] != "[unknown]")
    return fail(ErrorCode::corrupt, "vocabulary: does not begin with [pad], [start], [unknown]");
  return vocabulary;
}

std::string Vocabulary::text() const {
  std::string out;
  for (const std::string& token : tokens_) out += token + "\n";
  return out;
}

bool Vocabulary::knows(const std::string& word) const {
  if (word.empty()) return false;
  const auto found = ids_.find(word);
  return found != ids_.end() && found->second > kUnknown && word.rfind("##", 0) != 0 && word.front() != '~';
}

Result<void> Vocabulary::add_synonyms(std::string_view text) {
  size_t line = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view pair = text.substr(at, end - at);
    const size_t gap = pair.find(' ');
    ++line;
    if (gap == std::string_view::npos) return fail(ErrorCode::corrupt, "synonyms: line {} is not two words", line);
    std::string word(pair.substr(0, gap)), known(pair.substr(gap + 1));
    if (word.empty() || word == known || !knows(known)) return fail(ErrorCode::corrupt, "synonyms: line {}: '{}' cannot stand for '{}'", line, word, known);
    if (!synonyms_.emplace(std::move(word), std::move(known)).second) return fail(ErrorCode::corrupt, "synonyms: line {} gives a word a second time", line);
    at = end + 1;
  }
  for (const auto& [word, known] : synonyms_)
    if (synonyms_.contains(known)) return fail(ErrorCode::corrupt, "synonyms: '{}' stands for '{}', which stands for another word", word, known);
  return {};
}

std::string Vocabulary::synonyms() const {
  std::string out;
  for (const auto& [word, known] : synonyms_) out += word + " " + known + "\n";
  return out;
}

std::vector<std::string> singulars(const std::string& word) {
  std::vector<std::string> out;
  for (const auto& [ending, singular] : {std::pair<std::string_view, std::string_view>{"s", ""},
                                         {"ies", "y"},
                                         {"ves", "f"},
                                         {"ves", "fe"},
                                         {"ses", "s"},
                                         {"xes", "x"},
                                         {"zes", "z"},
                                         {"ches", "ch"},
                                         {"shes", "sh"},
                                         {"oes", "o"}})
    if (word.size() >= ending.size() + 2 && std::string_view(word).ends_with(ending))
      out.push_back(word.substr(0, word.size() - ending.size()).append(singular));
  return out;
}

std::string Vocabulary::meant(const std::string& word) const {
  const auto look_up = [&](const std::string& form) -> std::string {
    const auto found = synonyms_.find(form);
    return found != synonyms_.end() ? found->second : knows(form) ? form : "";
  };
  if (word.empty() || (knows(word) && !synonyms_.contains(word))) return "";
  if (std::string exact = look_up(word); !exact.empty()) return exact;
  for (const std::string& form : singulars(word))
    if (std::string one = look_up(form); !one.empty()) return one;
  return "";
}

std::vector<int32_t> Vocabulary::encode(std::string_view text, size_t max_ids, const std::function<bool(size_t)>& split) const {
  std::vector<int32_t> ids{kStart};
  const std::vector<std::string> words = split_words(text);
  for (size_t w = 0; w < words.size() && ids.size() < max_ids; ++w) {
    const std::string other = meant(words[w]);
    const std::string& word = other.empty() ? words[w] : other;
    const auto whole = ids_.find(word);
    if (whole != ids_.end() && !(split && split(w))) {
      ids.push_back(whole->second);
      continue;
    }
    for (size_t at = 0; at < word.size() && ids.size() < max_ids;) {
      size_t length = std::min<size_t>(word.size() - at, 24);
      int32_t id = kUnknown;
      for (; length > 0; --length) {
        const std::string part = word.substr(at, length);
        if (length == word.size()) continue;  // the whole word is what is being cut
        auto found = ids_.find(at ? "##" + part : part);
        if (found == ids_.end() && at == 0) found = ids_.find("~" + part);
        if (found != ids_.end()) {
          id = found->second;
          break;
        }
      }
      ids.push_back(id);
      at += std::max<size_t>(length, 1);
    }
  }
  return ids;
}

}  // namespace ptah
