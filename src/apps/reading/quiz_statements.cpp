#include "apps/reading/quiz_statements.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace ptah {

namespace {

bool one_of(const std::string& word, std::initializer_list<const char*> list) {
  const std::string w = lower_case(word);
  return std::any_of(list.begin(), list.end(), [&](const char* other) { return w == other; });
}

bool month(const std::string& word) {
  return one_of(word, {"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december", "spring",
                       "summer", "autumn", "winter", "early", "late"});
}

bool has_verb(const std::string& text, bool past) {
  const auto words = quiz_words(text);
  return std::any_of(words.begin() + (words.empty() ? 0 : 1), words.end(), [&](const QuizWord& w) { return past ? past_verb(w.text) : finite_verb(w.text); });
}

bool measured(const std::string& unit) {
  return one_of(unit, {"years",  "days",    "hours",   "minutes",     "seconds",     "weeks",  "months",    "metres",  "meters",   "kilometres", "kilometers",
                       "miles",  "feet",    "inches",  "centimetres", "millimetres", "grams",  "kilograms", "kilos",   "tonnes",   "tons",       "litres",
                       "liters", "degrees", "percent", "dollars",     "euros",       "pounds", "cents",     "decades", "centuries"});
}

/// Whether a text names somebody, or a part of the name.
bool mentions(const std::string& text, const std::string& name) { return QuizText::akin(text, name); }

/// What is denied of one may hold of no other either.
bool denied(const std::string& predicate) {
  const auto words = quiz_words(predicate);
  return std::any_of(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(words.size(), 3)), [](const QuizWord& w) {
    return one_of(w.text, {"not", "never", "no", "also", "neither"});
  });
}

bool plural(const std::string& word) {
  if (one_of(word, {"people", "men", "women", "children", "feet", "percent", "teeth", "sheep", "cattle"})) return true;
  const bool names = std::isupper(static_cast<unsigned char>(word[0])) != 0;
  return word.size() > 3 && word.ends_with("s") && !word.ends_with("ss") && !word.ends_with("us") && !word.ends_with("is") && !word.ends_with("'s") && !names &&
         !common_word(word) && !finite_verb(word);
}

std::string replaced(const QuizSentence& s, size_t first, size_t last, const std::string& with) {
  return s.text.substr(0, s.words[first].at) + with + s.text.substr(s.words[last - 1].end());
}

class Maker {
 public:
  Maker(const QuizText& text, Random& random) : text_(text), random_(random), events_(events_of(text)), figures_(figures_of(text)) {}

  std::vector<Twins> make() {
    bounds();
    dated();
    order();
    roles();
    places();
    pairs(true);
    pairs(false);
    told();
    return std::move(out_);
  }

 private:
  void add(const char* kind, std::string right, std::string wrong, std::vector<size_t> sentences) {
    right = as_sentence(std::move(right));
    wrong = as_sentence(std::move(wrong));
    if (right == wrong || right.size() > 330 || !seen_.insert(right).second) return;
    out_.push_back({kind, right, wrong, sentences, text_.sentences[sentences[0]].section});
  }

  /// "more than 40 years" for 41, and "fewer" or "less" as its twin; the bound may lie on either side, so that the word tells nothing.
  void bounds() {
    for (const QuizFigure& f : figures_) {
      const QuizSentence& s = text_.sentences[f.sentence];
      const std::string& written = s.words[f.words.first].text;
      const auto negative = [](const QuizWord& w) { return one_of(w.text, {"not", "no", "never", "nobody", "nothing", "without", "cannot", "enough"}); };
      if (std::any_of(s.words.begin(), s.words.end(), negative)) continue;  // what does not hold for ten may not hold for twenty either
      const bool in_words = !std::isdigit(static_cast<unsigned char>(written[0])), commas = written.find(',') != std::string::npos;
      const double share = f.approximate ? 0.25 : 0.1;
      for (int side = 0; side < 2; ++side) {
        const bool below = (random_.below(2) == 0) == (side == 0);
        const double factor = 1 + share + random_.uniform() * 0.5;
        double bound = below ? std::floor(f.value / factor) : std::ceil(f.value * factor);
        if (f.value >= 200) bound = std::round(bound / (f.value >= 2000 ? 100 : 10)) * (f.value >= 2000 ? 100 : 10);
        if (bound < 2 || bound == f.value) continue;
        const std::string m = written_number(static_cast<int64_t>(bound), in_words, commas || (bound >= 10000)),
                          less = measured(f.unit) ? "less than " : "fewer than ";
        const std::string more = with_number(s, f, "more than " + m), few = with_number(s, f, less + m);
        add("bound", below ? more : few, below ? few : more, {f.sentence});
      }
    }
  }

  /// Before or after another year.
  void dated() {
    for (const QuizEvent& e : events_)
      for (int side = 0; side < 2; ++side) {
        const bool earlier = side == 0;
        const int distance = 3 + static_cast<int>(random_.below(static_cast<uint32_t>(std::clamp((2030 - e.year) / 6, 4, 40))));
        const int year = earlier ? e.year + distance : e.year - distance;
        const std::string before = fmt::format("it was before {} that {}", year, e.clause), after = fmt::format("it was after {} that {}", year, e.clause);
        add("dated", earlier ? before : after, earlier ? after : before, {e.sentence});
      }
  }

  /// Which of two came first, and how far apart they lie.
  void order() {
    for (size_t i = 0; i < events_.size(); ++i)
      for (size_t k = 0; k < events_.size(); ++k) {
        const QuizEvent &a = events_[i], &b = events_[k];
        if (a.year >= b.year || a.clause.size() + b.clause.size() > 230) continue;
        add("order", fmt::format("first {}, and in a later year {}", a.clause, b.clause), fmt::format("first {}, and in a later year {}", b.clause, a.clause),
            {a.sentence, b.sentence});
        const int years = b.year - a.year;
        if (years < 6) continue;
        const bool below = random_.below(2) == 0;
        const int bound = below ? static_cast<int>(years / (1.25 + random_.uniform())) : static_cast<int>(years * (1.25 + random_.uniform()) + 1);
        if (bound < 3) continue;
        const bool turned = random_.below(2) == 0;
        const std::string rest =
            fmt::format(" than {} years lie between the year in which {} and the year in which {}", bound, (turned ? b : a).clause, (turned ? a : b).clause);
        add("span", (below ? "more" : "less") + rest, (below ? "less" : "more") + rest, {a.sentence, b.sentence});
      }
  }

  /// Who did it: the subject, or another one of its kind.
  void roles() {
    for (const QuizSentence& s : text_.sentences) {
      if (!s.alone || !s.named || s.predicate == 0) continue;
      const std::string subject = s.name(s.names[0]);
      if (one_of(s.words[s.predicate].text, {"were", "are", "have", "do"})) continue;
      const std::string predicate = shortened(s.between(s.predicate, s.words.size()));
      if (quiz_words(predicate).size() < 5 || denied(predicate) || quiz_words(predicate.substr(0, predicate.find(','))).size() < 3) continue;
      const auto kind = text_.names.find(subject);
      if (kind == text_.names.end()) continue;
      std::vector<std::string> others;
      const auto suits = [&](const std::string& name, NameKind is) {
        return is == kind->second && !QuizText::akin(name, subject) && std::find(others.begin(), others.end(), name) == others.end();
      };
      std::vector<std::string> far;
      std::set<std::string> subjects;  // of what is neither a person nor a place, only what does something somewhere
      for (const QuizSentence& other : text_.sentences)
        if (other.named) subjects.insert(other.name(other.names[0]));
      for (const auto& [name, is] : text_.names)
        if (suits(name, is) && !mentions(predicate, name) && (is != NameKind::other || subjects.contains(name))) far.push_back(name);
      for (int i = 0; i < 2 && !far.empty(); ++i) {
        const std::string& name = far[random_.below(static_cast<uint32_t>(far.size()))];
        if (suits(name, kind->second)) others.push_back(name);
      }
      const char* pronoun = kind->second == NameKind::person ? "who" : "that";
      for (const std::string& other : others)
        add("role", fmt::format("it was {}, not {}, {} {}", subject, other, pronoun, predicate),
            fmt::format("it was {}, not {}, {} {}", other, subject, pronoun, predicate), {s.place});
    }
  }

  /// Where it was: a place at the end of a sentence, or another one.
  void places() {
    std::vector<std::string> all;
    for (const auto& [name, kind] : text_.names)
      if (kind == NameKind::place) all.push_back(name);
    for (const QuizSentence& s : text_.sentences) {
      if (!s.alone || s.names.empty()) continue;
      const WordRange& last = s.names.back();
      if (last.first < 4 || last.first + last.count != s.words.size() || !one_of(s.words[last.first - 1].text, {"in", "at", "to", "near", "into"})) continue;
      if (one_of(s.words[0].text, {"in", "on", "at", "by", "from", "for"})) continue;
      const std::string name = s.name(last), in = s.words[last.first - 1].text, rest = s.between(0, last.first - 1);
      if (std::find(all.begin(), all.end(), name) == all.end() || !has_verb(rest, false) || denied(rest) || rest.find(',') != std::string::npos) continue;
      if (one_of(s.words[last.first - 2].text, {"and", "or", "from", "of"})) continue;
      std::vector<std::string> others;
      for (const std::string& other : all)
        if (!QuizText::akin(other, name) && rest.find(other) == std::string::npos) others.push_back(other);
      if (others.empty()) continue;
      const std::string other = others[random_.below(static_cast<uint32_t>(others.size()))], what = text_.clause(rest);
      add("place", fmt::format("it was {0} {1}, not {0} {2}, that {3}", in, name, other, what),
          fmt::format("it was {0} {2}, not {0} {1}, that {3}", in, name, other, what), {s.place});
    }
  }

  /// Two subjects and two predicates, crossed. Names with names of their kind, things with things.
  void pairs(bool named) {
    struct Deed {
      size_t sentence;
      std::string subject, predicate;
      NameKind kind;
    };
    std::vector<Deed> deeds;
    for (const QuizSentence& s : text_.sentences) {
      if (!s.alone || s.named != named || s.predicate == 0 || one_of(s.words[s.predicate].text, {"were", "are", "have", "do"})) continue;
      if (!named && (s.words[0].text != "The" ||
                     std::any_of(s.words.begin() + 1, s.words.begin() + static_cast<std::ptrdiff_t>(s.predicate),
                                 [](const QuizWord& w) { return std::isupper(static_cast<unsigned char>(w.text[0])) != 0 || w.text == "itself"; })))
        continue;  // "the Havternen" is the ship
      const std::string predicate = shortened(s.between(s.predicate, s.words.size()));
      std::string subject = s.between(0, s.predicate);
      if (!named) subject[0] = 't';
      const auto kind = named ? text_.names.find(subject) : text_.names.end();
      const size_t words = quiz_words(predicate).size();
      if ((named && kind == text_.names.end()) || words < 4 || words > 16 || predicate.find(',') != std::string::npos || denied(predicate)) continue;
      if (!named && (subject.ends_with("s") || subject.ends_with("people"))) continue;
      deeds.push_back({s.place, subject, predicate, named ? kind->second : NameKind::other});
    }
    for (size_t i = 0; i < deeds.size(); ++i)
      for (size_t k = i + 1; k < deeds.size(); ++k) {
        const Deed &a = deeds[i], &b = deeds[k];
        const std::string a_head = a.subject.substr(named ? 0 : 4), b_head = b.subject.substr(named ? 0 : 4);
        if (a.kind != b.kind || QuizText::akin(a_head, b_head) || mentions(a.predicate, b_head) || mentions(b.predicate, a_head)) continue;
        const bool turned = random_.below(2) == 0;
        const std::string names = turned ? fmt::format("of {} and {}", b.subject, a.subject) : fmt::format("of {} and {}", a.subject, b.subject);
        const std::string &first = turned ? b.predicate : a.predicate, &second = turned ? a.predicate : b.predicate;
        add(named ? "pair" : "things", fmt::format("{}, the former {}, and the latter {}", names, first, second),
            fmt::format("{}, the former {}, and the latter {}", names, second, first), {a.sentence, b.sentence});
      }
  }

  /// What the article tells first, at least two sections apart.
  void told() {
    std::vector<std::pair<size_t, std::string>> clauses;
    for (const QuizSentence& s : text_.sentences) {
      if (!s.alone) continue;
      const std::string clause = text_.clause(shortened(s.text));
      const size_t words = quiz_words(clause).size();
      if (words >= 5 && words <= 16 && clause.find(',') == std::string::npos && has_verb(clause, false)) clauses.emplace_back(s.place, clause);
    }
    for (size_t round = 0; clauses.size() > 1 && round < 3 * clauses.size(); ++round) {
      const auto &a = clauses[random_.below(static_cast<uint32_t>(clauses.size()))], &b = clauses[random_.below(static_cast<uint32_t>(clauses.size()))];
      if (text_.sentences[a.first].section + 2 > text_.sentences[b.first].section) continue;
      add("told", fmt::format("the article first says that {}, and only later that {}", a.second, b.second),
          fmt::format("the article first says that {}, and only later that {}", b.second, a.second), {a.first, b.first});
    }
  }

  const QuizText& text_;
  Random& random_;
  std::vector<QuizEvent> events_;
  std::vector<QuizFigure> figures_;
  std::set<std::string> seen_;
  std::vector<Twins> out_;
};

}  // namespace

/// "… played a chord, and Robert": what was begun behind a comma and lost its verb goes too.
static std::string whole(std::string text) {
  for (const char* word : {", and ", ", but ", ", or "})
    if (const size_t at = text.rfind(word); at != std::string::npos && !has_verb("x " + text.substr(at + 2), false)) text.resize(at);
  return text;
}

std::string shortened(const std::string& sentence) {
  std::string out = sentence;
  while (!out.empty() && (out.back() == '.' || out.back() == ' ')) out.pop_back();
  for (size_t comma = out.find(", "); comma != std::string::npos; comma = out.find(", ", comma + 2)) {
    const std::string rest = out.substr(comma + 2);
    const auto after = quiz_words(rest);
    if (after.empty() || quiz_words(out.substr(0, comma)).size() < 5 || !has_verb("x " + out.substr(0, comma), false)) continue;
    if (one_of(after[0].text, {"which",  "who",       "whom",  "where",   "when",       "whose",  "long",   "although", "though", "but",     "because",
                               "as",     "with",      "after", "before",  "while",      "even",   "so",     "since",    "until",  "leaving", "making",
                               "giving", "including", "often", "usually", "especially", "mostly", "partly", "not",      "then"}) ||
        (one_of(after[0].text, {"and"}) && has_verb(rest, false)))
      return whole(out.substr(0, comma));
  }
  return out;
}

std::vector<QuizEvent> events_of(const QuizText& text) {
  std::vector<QuizEvent> out;
  for (const QuizSentence& s : text.sentences) {
    if (!s.alone) continue;
    size_t at = 0, years = 0;
    bool relative = false;
    for (size_t i = 0; i < s.words.size(); ++i) {
      if (year_of(s.words[i].text)) at = i, ++years;
      relative = relative || one_of(s.words[i].text, {"later", "earlier", "already", "still", "since", "until", "ago", "then", "again", "year", "century"});
    }
    if (years != 1 || at == 0 || relative) continue;
    size_t first = at;
    while (first > 0 &&
           (month(s.words[first - 1].text) || (first >= 1 && number_of(s.words[first - 1].text).value_or(99) <= 31) ||
            one_of(s.words[first - 1].text, {"of", "the"})) &&
           first + 4 > at)
      --first;
    if (first == 0 || !one_of(s.words[first - 1].text, {"in", "on"})) continue;
    --first;
    const size_t begin = s.words[first].at, end = s.words[at].end();
    // "is high and was climbed in 1958", "knew that it was shut in 1978": the year is not that of the sentence.
    bool second = false;
    for (size_t i = 1; i < first; ++i)
      second = second || one_of(s.words[i].text, {"that", "which", "who", "where", "when", "because", "whose"}) ||
               (one_of(s.words[i - 1].text, {"and", "but"}) && finite_verb(s.words[i].text));
    if (second) continue;
    std::string rest;
    if (first == 0) {
      rest = s.text.substr(end);
      if (rest.starts_with(", ")) rest.erase(0, 2);
      if (rest.starts_with(" ")) rest.erase(0, 1);
      if (rest.starts_with("and ") || rest.starts_with("the year") || quiz_words(rest).empty()) continue;
      if (one_of(quiz_words(rest)[0].text,
                 {"it", "he", "she", "they", "this", "these", "that", "there", "his", "her", "its", "their", "alone", "when", "and", "or", "another"}))
        continue;
      rest = as_sentence(rest);
    } else {
      std::string left = s.text.substr(0, begin), right = s.text.substr(end);
      while (left.ends_with(" ")) left.pop_back();
      if (left.ends_with(",") || (right.starts_with(",") && left.find(',') != std::string::npos)) continue;
      if (one_of(quiz_words(left).back().text, {"only", "not", "and", "or", "until", "built", "that"}) && !one_of(quiz_words(left).back().text, {"built"}))
        continue;
      rest = left + right;
    }
    rest = shortened(rest);
    if (const size_t comma = rest.find(", ");
        comma != std::string::npos && quiz_words(rest.substr(0, comma)).size() >= 4 && has_verb(rest.substr(0, comma), true))
      rest.resize(comma);
    for (size_t conjunction = rest.find(" and "); conjunction != std::string::npos;
         conjunction = rest.find(" and ", conjunction + 1)) {  // "and has been taken once"
      const auto after = quiz_words(rest.substr(conjunction + 5));
      if (!after.empty() &&
          (one_of(after[0].text, {"have", "are", "is", "has"}) ||
           (after[0].text.ends_with("s") && !past_verb(after[0].text) && !after[0].text.ends_with("ss"))) &&
          has_verb(rest.substr(0, conjunction), true)) {
        rest.resize(conjunction);
        break;
      }
    }
    if (rest.find(" is ") != std::string::npos || rest.find(" are ") != std::string::npos) continue;
    const auto words = quiz_words(rest);
    if (words.size() < 4 || words.size() > 20 || !has_verb(rest, true) || std::count(rest.begin(), rest.end(), ',') > 1) continue;
    if (one_of(words[0].text, {"as", "when", "while", "after", "before", "since", "for", "at", "in", "on", "by", "from", "with"})) continue;
    out.push_back({s.place, *year_of(s.words[at].text), text.clause(rest)});
  }
  return out;
}

std::vector<QuizFigure> figures_of(const QuizText& text) {
  std::vector<QuizFigure> out;
  for (const QuizSentence& s : text.sentences) {
    if (!s.alone) continue;
    std::vector<QuizFigure> here;
    size_t numbers = 0;
    for (size_t i = 0; i < s.words.size(); ++i) {
      const auto value = number_of(s.words[i].text);
      if (!value) continue;
      ++numbers;
      if (year_of(s.words[i].text) || *value < 3 || i + 1 >= s.words.size() || i == 0) continue;
      const char before_sign = s.words[i].at > 0 ? s.text[s.words[i].at - 1] : ' ';
      if (before_sign != ' ' || s.text[s.words[i].end()] != ' ') continue;
      const std::string& before = s.words[i - 1].text;
      if (one_of(before, {"the",     "his",     "her",    "its",     "their",   "these", "those",   "first",   "last",   "next",  "every",  "other",   "all",
                          "only",    "no",      "than",   "as",      "another", "or",    "and",     "between", "under",  "below", "least",  "most",    "to",
                          "a",       "an",      "number", "chapter", "page",    "half",  "up",      "twice",   "within", "per",   "past",   "another", "any",
                          "article", "section", "rule",   "each",    "some",    "just",  "exactly", "aged",    "by",     "at",    "beyond", "not"}) ||
          number_of(before))
        continue;
      const std::string& next = s.words[i + 1].text;
      size_t unit = plural(next) ? i + 1 : 0;
      if (unit == 0 && i + 2 < s.words.size() && plural(s.words[i + 2].text) && !common_word(next) && !number_of(next) && s.text[s.words[i + 1].end()] == ' ' &&
          !finite_verb(next))
        unit = i + 2;
      if (unit == 0 || number_of(next) || one_of(next, {"hundred", "thousand", "million", "billion", "percent-point"})) continue;
      if (unit + 1 < s.words.size() && one_of(s.words[unit + 1].text, {"later", "earlier", "ago", "old", "before", "after", "or", "apart"})) continue;
      const bool approximate = one_of(before, {"about", "around", "roughly", "nearly", "almost", "approximately", "over"});
      if (approximate && one_of(before, {"around", "over"}) && i >= 2 && !finite_verb(s.words[i - 2].text) && !one_of(s.words[i - 2].text, {"for", "of", "in"}))
        continue;
      here.push_back({s.place, *value, {approximate ? i - 1 : i, static_cast<size_t>(approximate ? 2 : 1)}, lower_case(s.words[unit].text), approximate});
    }
    if (numbers <= 3)
      for (QuizFigure& f : here) out.push_back(std::move(f));
  }
  return out;
}

std::string with_number(const QuizSentence& s, const QuizFigure& figure, const std::string& other) {
  return replaced(s, figure.words.first, figure.words.first + figure.words.count, other);
}

std::vector<Twins> twins_of(const QuizText& text, Random& random) {
  std::vector<Twins> out = Maker(text, random).make();
  for (Twins& one : causes_of(text)) out.push_back(std::move(one));
  for (Twins& one : opposites_of(text, random)) out.push_back(std::move(one));
  return out;
}

}  // namespace ptah
