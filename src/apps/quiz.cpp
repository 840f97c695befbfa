#include "apps/quiz.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "base/philox.h"
#include "base/text.h"
#include "text/vocabulary.h"

namespace ptah {

namespace {

constexpr size_t kSectionWords = 150;

bool letter(unsigned char c) { return std::isalnum(c) != 0 || c >= 0x80; }
bool capital(const std::string& word) { return !word.empty() && std::isupper(static_cast<unsigned char>(word[0])) != 0; }
bool is_number(const std::string& word) {
  return !word.empty() && std::isdigit(static_cast<unsigned char>(word[0])) != 0 &&
         std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isdigit(c) != 0 || c == '.' || c == ','; });
}

struct Word {
  std::string text;
  size_t at = 0;  ///< in the sentence
};
std::vector<Word> words_of(const std::string& sentence) {
  std::vector<Word> out;
  for (size_t i = 0; i < sentence.size();) {
    if (!letter(static_cast<unsigned char>(sentence[i]))) {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < sentence.size() && (letter(static_cast<unsigned char>(sentence[end])) ||
                                     ((sentence[end] == '-' || sentence[end] == '\'' || sentence[end] == '.' || sentence[end] == ',') &&
                                      end + 1 < sentence.size() && letter(static_cast<unsigned char>(sentence[end + 1])) &&
                                      (sentence[end] == '-' || sentence[end] == '\'' || std::isdigit(static_cast<unsigned char>(sentence[end - 1])) != 0))))
      ++end;
    out.push_back({sentence.substr(i, end - i), i});
    i = end;
  }
  return out;
}

size_t count_words(const std::string& text) { return words_of(text).size(); }

/// A line without Markdown's signs: emphasis, code, links (their text stays), pictures (nothing stays).
std::string plain_line(const std::string& line) {
  std::string out;
  for (size_t i = 0; i < line.size(); ++i) {
    const bool picture = line[i] == '!' && i + 1 < line.size() && line[i + 1] == '[';
    if (picture || line[i] == '[') {
      const size_t open = picture ? i + 1 : i, close = line.find(']', open);
      const bool link = close != std::string::npos && close + 1 < line.size() && line[close + 1] == '(';
      const size_t end = link ? line.find(')', close) : std::string::npos;
      if (end != std::string::npos) {
        if (!picture) out += plain_line(line.substr(open + 1, close - open - 1));
        i = end;
        continue;
      }
    }
    if (line[i] != '*' && line[i] != '`') out += line[i];
  }
  return out;
}

/// Words that tell nothing of what a text is about.
const std::set<std::string>& common_words() {
  static const std::set<std::string> words = [] {
    std::set<std::string> out;
    for (const std::string& word : split_words(
             "the a an and or but nor so yet of to in on at by for from with without into onto over under about after before between during against through "
             "is are was were be been being am do does did done has have had having will would shall should can could may might must not no yes it its this "
             "that "
             "these those there here he she they we you i him her them us me his hers their theirs our ours your yours my mine who whom whose which what when "
             "where "
             "why how as if than then because while until since although though each every all any some many much more most few little less least other "
             "another such "
             "only own same both either neither one two first last also just even still again once very too up down out off ago never always often now later"))
      out.insert(word);
    return out;
  }();
  return words;
}
bool common(const std::string& word) { return common_words().contains(lower_case(word)); }

struct Source {
  std::string text;
  size_t section = 0, place = 0;
  std::vector<Word> words;
};

/// What stands in one text, by kind.
struct Stock {
  std::vector<Source> sentences;
  std::map<std::string, int> names, numbers, nouns;  ///< how often
  std::map<std::string, int> all;
};

/// Names of several words that stand together, such as "Ada Brook".
std::vector<Word> names_in(const Source& s) {
  std::vector<Word> out;
  for (size_t i = 0; i < s.words.size(); ++i) {
    if (!capital(s.words[i].text) || common(s.words[i].text) || is_number(s.words[i].text)) continue;
    if (i == 0) continue;  // a sentence begins with a capital anyway
    Word name = s.words[i];
    while (i + 1 < s.words.size() && capital(s.words[i + 1].text) && !common(s.words[i + 1].text) && s.words[i + 1].at == name.at + name.text.size() + 1 &&
           s.text[s.words[i + 1].at - 1] == ' ')
      name.text += " " + s.words[++i].text;
    out.push_back(name);
  }
  return out;
}

Stock stock_of(const Article& article) {
  Stock out;
  for (size_t section = 0; section < article.sections.size(); ++section)
    for (const std::string& sentence : sentences_of(article.sections[section])) {
      Source s{sentence, section, out.sentences.size(), words_of(sentence)};
      if (s.words.size() < 6 || s.words.size() > 45) continue;
      for (const Word& name : names_in(s)) ++out.names[name.text];
      for (const Word& word : s.words) {
        ++out.all[lower_case(word.text)];
        if (is_number(word.text)) ++out.numbers[word.text];
        if (!common(word.text) && !capital(word.text) && !is_number(word.text) && word.text.size() >= 4) ++out.nouns[word.text];
      }
      out.sentences.push_back(std::move(s));
    }
  return out;
}

class Maker {
 public:
  Maker(const Article& article, uint64_t seed) : stock_(stock_of(article)), random_(seed, uint64_t{77} << 40) {}

  std::vector<QuizItem> make() {
    for (const Source& s : stock_.sentences) {
      for (const Word& name : names_in(s)) leave_out(s, name, "who", stock_.names);
      for (const Word& word : s.words) {
        if (is_number(word.text)) leave_out(s, word, "number", stock_.numbers);
        if (stock_.nouns.contains(word.text) && word.at > 0) leave_out(s, word, "cloze", stock_.nouns);
      }
      stands(s);
    }
    order();
    return std::move(items_);
  }

 private:
  std::string without(const Source& s, const Word& word) const { return s.text.substr(0, word.at) + "_____" + s.text.substr(word.at + word.text.size()); }

  /// Other entries of a kind, nearest in how often they stand in the text and how they end, in an order of chance.
  std::vector<std::string> others(const std::map<std::string, int>& kind, const std::string& right, const std::string& sentence, size_t count) {
    std::vector<std::pair<int, std::string>> ranked;
    const auto own = kind.find(right);
    const int often = own == kind.end() ? 1 : own->second;
    for (const auto& [word, times] : kind) {
      if (word == right || sentence.find(word) != std::string::npos || right.find(word) != std::string::npos || word.find(right) != std::string::npos) continue;
      int distance = 2 * std::min(4, std::abs(times - often)) + static_cast<int>(random_.below(6));
      const auto ending = [](const std::string& w) { return w.substr(w.size() > 2 ? w.size() - 2 : 0); };
      if (ending(word) != ending(right)) distance += 4;
      if ((word.find(' ') == std::string::npos) != (right.find(' ') == std::string::npos)) distance += 6;
      ranked.emplace_back(distance, word);
    }
    std::sort(ranked.begin(), ranked.end());
    std::vector<std::string> out;
    for (const auto& [distance, word] : ranked)
      if (out.size() < count) out.push_back(word);
    return out;
  }

  void leave_out(const Source& s, const Word& word, const char* kind, const std::map<std::string, int>& from) {
    if (s.text.find(word.text, word.at + 1) != std::string::npos || s.text.find(word.text) != word.at) return;  // the sentence itself would tell
    std::vector<std::string> wrong = others(from, word.text, s.text, kOptions - 1);
    for (int i = 0; wrong.size() < kOptions - 1 && is_number(word.text) && i < 40; ++i) {  // few numbers in the text: near ones
      const std::string digits = nearby(word.text);
      if (digits != word.text && std::find(wrong.begin(), wrong.end(), digits) == wrong.end()) wrong.push_back(digits);
    }
    if (wrong.size() < kOptions - 1) return;
    QuizItem item{kind, "Which belongs into the gap? " + without(s, word), {word.text}, s.section};
    item.options.insert(item.options.end(), wrong.begin(), wrong.end());
    add(std::move(item));
  }

  /// A number of as many digits.
  std::string nearby(const std::string& number) {
    std::string out = number;
    for (char& c : out)
      if (c >= '0' && c <= '9' && random_.below(2) == 0) c = static_cast<char>('0' + random_.below(10));
    if (out[0] == '0') out[0] = '1';
    return out;
  }

  /// Which of five sentences stands in the text? Four have a name, number or word exchanged for another of the text.
  void stands(const Source& s) {
    std::vector<std::string> wrong;
    std::vector<std::pair<Word, const std::map<std::string, int>*>> places;
    for (const Word& name : names_in(s)) places.emplace_back(name, &stock_.names);
    for (const Word& word : s.words) {
      if (is_number(word.text)) places.emplace_back(word, &stock_.numbers);
      if (stock_.nouns.contains(word.text)) places.emplace_back(word, &stock_.nouns);
    }
    for (size_t i = 0; i < places.size() && wrong.size() < kOptions - 1; ++i) {
      const auto& [word, kind] = places[(i + random_.below(static_cast<uint32_t>(places.size()))) % places.size()];
      for (const std::string& other : others(*kind, word.text, s.text, 3)) {
        const std::string changed = s.text.substr(0, word.at) + other + s.text.substr(word.at + word.text.size());
        if (wrong.size() < kOptions - 1 && std::find(wrong.begin(), wrong.end(), changed) == wrong.end()) wrong.push_back(changed);
        if (random_.below(2)) break;
      }
    }
    if (wrong.size() < kOptions - 1) return;
    QuizItem item{"stands", "Which sentence stands in the article just so?", {s.text}, s.section};
    item.options.insert(item.options.end(), wrong.begin(), wrong.end());
    add(std::move(item));
  }

  /// Which of these stands first? Sentences of different sections.
  void order() {
    const size_t all = stock_.sentences.size();
    if (all < 2 * kOptions) return;
    for (size_t round = 0; round < all / 2; ++round) {
      std::set<size_t> places;
      for (int i = 0; places.size() < kOptions && i < 100; ++i) places.insert(random_.below(static_cast<uint32_t>(all)));
      std::set<size_t> sections;
      for (const size_t place : places) sections.insert(stock_.sentences[place].section);
      if (places.size() < kOptions || sections.size() < std::min<size_t>(3, stock_.sentences.back().section + 1)) continue;
      QuizItem item{"order", "Which of these does the article say first?", {}, stock_.sentences[*places.begin()].section};
      for (const size_t place : places) item.options.push_back(stock_.sentences[place].text);
      add(std::move(item));
    }
  }

  void add(QuizItem item) {
    std::set<std::string> different;
    for (const std::string& option : item.options) different.insert(lower_case(option));
    if (different.size() == kOptions && seen_.insert(item.question + "\n" + item.options[0]).second) items_.push_back(std::move(item));
  }

  Stock stock_;
  Random random_;
  std::set<std::string> seen_;
  std::vector<QuizItem> items_;
};

}  // namespace

Result<Article> parse_article(const std::string& markdown) {
  if (markdown.find('\0') != std::string::npos) return fail(ErrorCode::invalid_argument, "the article is no text");
  Article out;
  std::string section, paragraph;
  bool code = false;
  const auto end_paragraph = [&] {
    if (const auto text = trimmed(paragraph); !text.empty()) section.append(section.empty() ? "" : "\n\n").append(text);
    paragraph.clear();
  };
  const auto end_section = [&] {
    end_paragraph();
    if (count_words(section) >= 12) out.sections.push_back(section);
    section.clear();
  };
  for (size_t from = 0; from <= markdown.size();) {
    const size_t end = std::min(markdown.find('\n', from), markdown.size());
    std::string line = markdown.substr(from, end - from);
    from = end + 1;
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.starts_with("```") || line.starts_with("~~~")) {
      code = !code;
      continue;
    }
    if (code || line.starts_with("|")) continue;
    if (line.starts_with("#")) {
      const std::string heading(trimmed(plain_line(line.substr(std::min(line.find_first_not_of('#'), line.size())))));
      if (out.title.empty()) out.title = heading;
      end_section();
    } else if (line.empty()) {
      end_paragraph();
      if (count_words(section) >= kSectionWords) end_section();
    } else {
      paragraph +=
          (paragraph.empty() ? "" : " ") + plain_line(line.starts_with("* ") || line.starts_with("- ") || line.starts_with("> ") ? line.substr(2) : line);
    }
  }
  end_section();
  if (out.sections.size() < 2)
    return fail(ErrorCode::invalid_argument, "the article has {} section(s) of sentences; two are needed at least", out.sections.size());
  if (out.title.empty()) out.title = "article";
  return out;
}

std::vector<std::string> sentences_of(const std::string& section) {
  std::vector<std::string> out;
  size_t from = 0;
  const auto take = [&](size_t end) {
    std::string sentence(trimmed(std::string_view(section).substr(from, end - from)));
    std::replace(sentence.begin(), sentence.end(), '\n', ' ');
    if (!sentence.empty()) out.push_back(std::move(sentence));
    from = end;
  };
  for (size_t i = 0; i < section.size(); ++i) {
    const char c = section[i];
    if (c == '\n' && i + 1 < section.size() && section[i + 1] == '\n') take(i);
    if (c != '.' && c != '!' && c != '?') continue;
    size_t next = i + 1;
    while (next < section.size() && (section[next] == '"' || section[next] == '\'' || section[next] == ')')) ++next;
    if (next < section.size() && section[next] != ' ' && section[next] != '\n') continue;
    size_t start = next;
    while (start < section.size() && std::isspace(static_cast<unsigned char>(section[start])) != 0) ++start;
    // "Mr. Hale", "3. edition": an ending is followed by a capital, and no short name with a point stands before it.
    if (start < section.size() && std::islower(static_cast<unsigned char>(section[start])) != 0) continue;
    size_t word = i;
    while (word > 0 && std::isalpha(static_cast<unsigned char>(section[word - 1])) != 0) --word;
    if (c == '.' && i - word > 0 && i - word <= 2 && std::isupper(static_cast<unsigned char>(section[word])) != 0) continue;
    take(next);
  }
  take(section.size());
  return out;
}

std::vector<QuizItem> make_items(const Article& article, uint64_t seed) { return Maker(article, seed).make(); }

Solver plain_solver() {
  return [](const std::string& question, const std::vector<std::string>& options) -> Result<size_t> {
    std::set<std::string> asked;
    for (const Word& word : words_of(lower_case(question))) asked.insert(word.text);
    std::map<std::string, int> shared;  // words that several options hold
    for (const std::string& option : options)
      for (const Word& word : words_of(lower_case(option))) ++shared[word.text];
    size_t best = 0;
    double most = -1;
    for (size_t i = 0; i < options.size(); ++i) {
      const auto words = words_of(lower_case(options[i]));
      double score = 0.001 * static_cast<double>(options[i].size());
      for (const Word& word : words) {
        if (asked.contains(word.text) && !common(word.text)) score += 1;
        score += 0.5 * (shared[word.text] - 1) / static_cast<double>(words.size());
      }
      if (score > most) most = score, best = i;
    }
    return best;
  };
}

Result<Solved> solve(const std::vector<QuizItem>& items, const Solver& solver, uint64_t seed) {
  Solved out;
  Random random(seed, uint64_t{78} << 40);
  size_t right = 0;
  for (const QuizItem& item : items) {
    std::vector<size_t> order{0, 1, 2, 3, 4};
    for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(static_cast<uint32_t>(i))]);
    std::vector<std::string> shown;
    for (const size_t i : order) shown.push_back(item.options[i]);
    PTAH_TRY(const size_t chosen, solver(item.question, shown));
    if (chosen < order.size() && order[chosen] == 0)
      ++right;
    else
      out.unsolved.push_back(item);
  }
  out.share = items.empty() ? 0 : static_cast<double>(right) / static_cast<double>(items.size());
  return out;
}

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, QuizItem>
void fields(C& c, const Visit& visit) {
  visit("kind", c.kind);
  visit("question", c.question);
  visit("options", c.options);
  visit("section", c.section);
}

Json to_json(const QuizItem& item) { return json_of_fields(item); }

Result<QuizItem> quiz_item(const Json& json) {
  PTAH_TRY(QuizItem out, fields_from_json<QuizItem>(json, "quiz item"));
  if (out.options.size() != kOptions) return fail(ErrorCode::corrupt, "quiz item: {} options", out.options.size());
  return out;
}

}  // namespace ptah
