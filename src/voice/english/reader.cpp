#include "voice/english/reader.h"

#include <algorithm>

#include "base/text.h"
#include "voice/english/markup.h"
#include "voice/english/normalise.h"
#include "voice/english/numbers.h"
#include "voice/voices.h"

namespace ptah {

namespace {

/// Sentences are joined up to so many phonemes: shorter utterances sound hurried, longer ones make one wait.
constexpr size_t kJoined = 160;
/// A first sentence of so many goes alone, so that one hears something soon.
constexpr size_t kFirstAlone = 30;
/// Bytes of what is taken for one word; what is longer is read in parts.
constexpr size_t kLongestWord = 40;
/// Private characters stand for words whose phonemes are given, until they are read.
constexpr int32_t kGiven = 0xE000, kMaxGiven = 0x1900;

struct Piece {
  enum class Kind { word, mark, paragraph };
  Kind kind = Kind::word;
  std::string text;
  bool joined = false;  ///< no blank before it
  size_t part = 0;      ///< of the text
};

/// Words with their phonemes.
using GivenWords = std::vector<std::pair<std::string, std::string>>;

bool is_word_byte(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '\'' || (c >= '0' && c <= '9') || static_cast<uint8_t>(c) >= 0x80; }

/// Takes words with given phonemes out of a text.
std::string with_given(const std::string& text, GivenWords& given) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t open = text.find('[', at), middle = open == std::string::npos ? open : text.find("](/", open);
    const size_t close = middle == std::string::npos ? middle : text.find("/)", middle + 3);
    if (close == std::string::npos || text.find('[', open + 1) < middle || static_cast<int32_t>(given.size()) >= kMaxGiven) {
      const size_t end = open == std::string::npos || close == std::string::npos ? text.size() : open + 1;
      out += text.substr(at, end - at);
      at = end;
      continue;
    }
    out += text.substr(at, open - at) + utf8_of(kGiven + static_cast<int32_t>(given.size()));
    given.emplace_back(text.substr(open + 1, middle - open - 1), short_phonemes(text.substr(middle + 3, close - middle - 3)));
    at = close + 2;
  }
  return out;
}

/// Which of them the character at `at` stands for.
std::optional<size_t> given_at(const std::string& text, size_t at, const GivenWords& given) {
  if (at + 3 > text.size() || (static_cast<uint8_t>(text[at]) & 0xF0) != 0xE0) return std::nullopt;
  const int32_t character = (text[at] & 0x0F) << 12 | (text[at + 1] & 0x3F) << 6 | (text[at + 2] & 0x3F);
  const int64_t index = int64_t{character} - kGiven;
  return index >= 0 && index < static_cast<int64_t>(given.size()) ? std::optional(static_cast<size_t>(index)) : std::nullopt;
}

/// What was taken out, again.
std::string without_given(const std::string& text, const GivenWords& given) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const auto index = given_at(text, at, given);
    out += index ? given[*index].first : text.substr(at, 1);
    at += index ? 3 : 1;
  }
  return out;
}

/// Words and punctuation of a part of a text apart; signs that are neither are left out. `open`: within quotation marks.
void append_pieces(std::vector<Piece>& out, const std::string& text, size_t part, bool& open) {
  static constexpr std::string_view kMarks[] = {";", ":", ",", ".", "!", "?", "—", "…", "(", ")", "“", "”"};
  bool blank = true;
  for (size_t at = 0; at < text.size();) {
    const auto mark = std::find_if(std::begin(kMarks), std::end(kMarks), [&](std::string_view m) { return text.compare(at, m.size(), m) == 0; });
    if (mark != std::end(kMarks)) {
      out.push_back({Piece::Kind::mark, std::string(*mark), !blank, part});
      at += mark->size();
      blank = false;
    } else if (text[at] == '"') {
      open = !open;
      out.push_back({Piece::Kind::mark, open ? "“" : "”", !blank, part});
      ++at;
      blank = false;
    } else if (is_word_byte(text[at])) {
      size_t end = at;
      while (end < text.size() && (end - at < kLongestWord || (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) && is_word_byte(text[end]) &&
             std::none_of(std::begin(kMarks), std::end(kMarks), [&](std::string_view m) { return text.compare(end, m.size(), m) == 0; }))
        ++end;
      out.push_back({Piece::Kind::word, text.substr(at, end - at), !blank, part});
      at = end;
      blank = false;
    } else {
      blank = true;
      ++at;
    }
  }
}

bool begins_with_vowel(const std::string& phonemes) {
  size_t at = 0;
  while (phonemes.compare(at, 2, "ˈ") == 0 || phonemes.compare(at, 2, "ˌ") == 0) at += 2;
  for (const std::string_view vowel : {"A", "I", "O", "Q", "W", "Y", "a", "i", "u", "æ", "ɑ", "ɒ", "ɔ", "ə", "ɛ", "ɜ", "ɪ", "ʊ", "ʌ", "ᵻ", "ɐ"})
    if (phonemes.compare(at, vowel.size(), vowel) == 0) return true;
  return false;
}

size_t count_phonemes(const std::string& text) {
  const auto tokens = tokens_of(text);
  return tokens ? tokens->size() - 2 : 0;
}

/// Says words one after the other.
class EnglishReader {
 public:
  EnglishReader(const EnglishLexicon& lexicon, const GivenWords& given, const UserLexicon& user) : lexicon_(lexicon), given_(given), user_(user) {}

  struct Said {
    std::string text, phonemes;
  };

  Said say(const std::vector<Piece>& pieces, size_t at) const {
    const std::string& word = pieces[at].text;
    if (const auto index = given_index(word)) return {given_[*index].first, given_[*index].second};
    for (const std::string& name : {word, lower_case(word)})
      if (const auto found = user_.find(name); found != user_.end()) return {word, found->second};
    if (word.find_first_of("0123456789") != std::string::npos) {  // what the normaliser left
      std::string out;
      for (size_t from = 0; from < word.size();) {
        size_t end = from + 1;
        const auto figure = [&](size_t i) { return word[i] >= '0' && word[i] <= '9'; };
        while (end < word.size() && figure(end) == figure(from)) ++end;
        const std::string part = word.substr(from, end - from), read = figure(from) ? number_words(part).value_or(digit_words(part)) : part;
        for (size_t begin = 0; begin < read.size();) {
          const size_t space = std::min(read.find(' ', begin), read.size());
          out += (out.empty() ? "" : " ") + lexicon_.phonemes(read.substr(begin, space - begin));
          begin = space + 1;
        }
        from = end;
      }
      return {word, out};
    }
    WordContext context;
    const auto near = [&](size_t i) { return i < pieces.size() && pieces[i].kind == Piece::Kind::word ? lower_case(pieces[i].text) : std::string(); };
    context.before = at > 0 ? near(at - 1) : "";
    context.after = near(at + 1);
    context.ends = context.after.empty();
    if (!context.ends) {
      const std::string next = given_index(pieces[at + 1].text) ? given_[*given_index(pieces[at + 1].text)].second : lexicon_.phonemes(pieces[at + 1].text);
      context.vowel_follows = begins_with_vowel(next);
    }
    return {word, lexicon_.phonemes(word, context)};
  }

 private:
  std::optional<size_t> given_index(const std::string& word) const { return word.size() == 3 ? given_at(word, 0, given_) : std::nullopt; }

  const EnglishLexicon& lexicon_;
  const GivenWords& given_;
  const UserLexicon& user_;
};

void append_said(Utterance& out, const std::string& text, const std::string& phonemes, bool joined, bool word) {
  if (!out.phonemes.empty() && !joined) out.phonemes += ' ', out.text += ' ', ++out.characters;
  const size_t count = count_phonemes(phonemes);
  if (word) out.words.push_back({text, "", out.characters, out.characters + count});
  out.text += text;
  out.phonemes += phonemes;
  out.characters += count;
}

void append_utterance(Utterance& to, const Utterance& more) {
  if (!to.phonemes.empty()) to.phonemes += ' ', to.text += ' ', ++to.characters;
  for (ReadWord word : more.words) word.begin += to.characters, word.end += to.characters, to.words.push_back(word);
  to.phonemes += more.phonemes;
  to.text += more.text;
  to.characters += more.characters;
  to.paragraph = more.paragraph;
}

bool ends_sentence(const std::string& mark) { return mark == "." || mark == "!" || mark == "?" || mark == "…"; }
bool ends_clause(const std::string& mark) { return mark == "," || mark == ";" || mark == ":" || mark == "—"; }

/// Sentences, each no longer than it may be. `written`: the parts as they stand in the text.
std::vector<Utterance> sentences_of(const std::vector<Piece>& pieces, const std::vector<std::string>& written, const EnglishReader& reader,
                                    size_t max_phonemes) {
  std::vector<Utterance> out;
  size_t told = 0;        // parts that words stand for already
  Utterance now, clause;  // what is certain, and what was read since the last place to part
  const auto close = [&](bool all) {
    if (all && now.characters + clause.characters < max_phonemes) append_utterance(now, clause), clause = {};
    if (!now.words.empty()) out.push_back(std::exchange(now, {}));
    if (all && !clause.words.empty()) out.push_back(std::exchange(clause, {}));
    now = {};
  };
  for (size_t i = 0; i < pieces.size(); ++i) {
    const Piece& piece = pieces[i];
    if (piece.kind == Piece::Kind::mark) {
      append_said(clause, piece.text, piece.text, piece.joined, false);
      const bool more = i + 1 < pieces.size() && pieces[i + 1].joined;  // a quotation mark, or another stop
      if (ends_sentence(piece.text) && !more) close(true);
      if (i > 0 && !ends_sentence(piece.text) && more == false && ends_sentence(pieces[i - 1].text) && piece.text != "(" && piece.text != "“") close(true);
      if (ends_clause(piece.text)) {
        if (now.characters + clause.characters + 1 > max_phonemes) close(false);
        append_utterance(now, std::exchange(clause, {}));
      }
      continue;
    }
    const auto said = reader.say(pieces, i);
    if (said.phonemes.empty()) continue;
    const size_t count = count_phonemes(said.phonemes) + 2;
    if (clause.characters + count > max_phonemes) {  // a clause too long: parted between words
      close(false);
      append_utterance(now, std::exchange(clause, {}));
      close(false);
    } else if (now.characters + clause.characters + count > max_phonemes) {
      close(false);
    }
    append_said(clause, said.text, said.phonemes, piece.joined, true);
    for (std::string& so_far = clause.words.back().written; told <= piece.part; ++told) so_far += (so_far.empty() ? "" : " ") + written[told];
  }
  close(true);
  for (; !out.empty() && told < written.size(); ++told) out.back().words.back().written += ' ' + written[told];
  return out;
}

}  // namespace

Result<UserLexicon> user_lexicon(const std::string& text) {
  UserLexicon out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    at = end + 1;
    line.erase(std::min(line.find('#'), line.size()));
    for (size_t from = 0; from < line.size();) {
      const size_t comma = std::min(line.find(',', from), line.size());
      const std::string entry(trimmed(line.substr(from, comma - from)));
      from = comma + 1;
      if (entry.empty()) continue;
      const size_t middle = entry.find('=');
      const std::string word(trimmed(entry.substr(0, middle))),
          said = middle == std::string::npos ? "" : short_phonemes(std::string(trimmed(entry.substr(middle + 1))));
      if (word.empty() || word.size() > kLongestWord || count_phonemes(said) == 0 || word.find_first_of(" \t") != std::string::npos)
        return fail(ErrorCode::invalid_argument, "'{}' is no word with phonemes; write word=phonemes", printable(entry, 60));
      out[word] = said;
    }
  }
  return out;
}

Result<std::vector<Utterance>> read_english(const std::string& text, const EnglishLexicon& lexicon, size_t max_phonemes, const UserLexicon& user) {
  if (invalid_utf8_at(text) != std::string::npos) return fail(ErrorCode::invalid_argument, "the text is not UTF-8");
  GivenWords given;
  const std::string marked = with_given(text, given);
  for (const auto& [word, phonemes] : given)
    if (count_phonemes(phonemes) == 0 || count_phonemes(phonemes) + 2 > max_phonemes)
      return fail(ErrorCode::invalid_argument, "[{}](/…/): {} phonemes; 1 to {} are possible", beginning(word, 40), count_phonemes(phonemes), max_phonemes - 2);
  const EnglishReader reader(lexicon, given, user);
  std::vector<Utterance> out;
  for (size_t at = 0; at < marked.size();) {
    size_t end = marked.find("\n\n", at);
    if (end == std::string::npos) end = marked.size();
    std::vector<Piece> pieces;
    std::vector<std::string> written;
    bool open = false;
    for (SaidPart& part : said_parts(marked.substr(at, end - at))) {
      append_pieces(pieces, part.said, written.size(), open);
      written.push_back(without_given(part.written, given));
    }
    at = end + 2;
    bool first = true;
    for (Utterance& sentence : sentences_of(pieces, written, reader, max_phonemes)) {
      const bool alone = out.size() == 1 && out[0].characters >= kFirstAlone;
      if (!first && !alone && out.back().characters + sentence.characters + 1 <= std::min(kJoined, max_phonemes))
        append_utterance(out.back(), sentence);
      else
        out.push_back(std::move(sentence));
      first = false;
    }
    if (!first) out.back().paragraph = true;
  }
  if (out.empty()) return fail(ErrorCode::invalid_argument, "no words to say");
  return out;
}

}  // namespace ptah
