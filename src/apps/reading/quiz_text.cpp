#include "apps/reading/quiz_text.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "text/tokenize/vocabulary.h"

namespace ptah {

namespace {

bool capital(const std::string& word) { return !word.empty() && std::isupper(static_cast<unsigned char>(word[0])) != 0; }

bool among(const std::string& word, std::string_view list) {
  const std::string w = lower_case(word);
  for (size_t at = list.find(w); at != std::string_view::npos; at = list.find(w, at + 1)) {
    const bool begins = at == 0 || list[at - 1] == ' ';
    const size_t end = at + w.size();
    if (begins && (end == list.size() || list[end] == ' ')) return true;
  }
  return false;
}

constexpr std::string_view kMonths =
    "january february march april may june july august september october november december monday tuesday wednesday thursday friday saturday sunday";
constexpr std::string_view kPeoples =
    "english french german dutch italian spanish british american chinese japanese russian greek roman latin polish swedish danish norwegian european african "
    "asian indian turkish arab arabic portuguese irish scottish welsh swiss austrian belgian egyptian persian christian catholic jewish muslim victorian";
constexpr std::string_view kTitles =
    "mr mrs ms dr sir lady lord king queen prince princess bishop captain president professor judge mayor emperor general saint father mother uncle aunt "
    "minister";

bool calendar(const std::string& word) { return among(word, kMonths); }
/// Begins with a capital, and not only because of where it stands.
bool name_word(const std::string& word) {
  return capital(word) && word != "I" && !calendar(word) && !among(word, kPeoples) && !common_word(word) && !number_of(word);
}

/// What may stand before a sentence and be left out without loss.
void strip_connective(std::string& text) {
  for (const char* word : {"However, ", "Moreover, ", "Furthermore, ", "Finally, ", "Eventually, ", "Indeed, ", "In fact, ", "Nevertheless, ", "Of course, ",
                           "But ", "And ", "Yet ", "At first, ", "Still, "})
    if (text.starts_with(word) && text.size() > std::string_view(word).size() + 10) {
      text.erase(0, std::string_view(word).size());
      text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
      break;
    }
  for (const char* word :
       {", however,", ", therefore,", ", moreover,", ", indeed,", ", of course,", ", for example,", ", for instance,", ", too", " also", " therefore"})
    if (const size_t at = text.find(word); at != std::string::npos) {
      const size_t end = at + std::string_view(word).size();
      if (end == text.size() || !std::isalnum(static_cast<unsigned char>(text[end]))) text.erase(at, end - at);
    }
}

/// Nothing in it points to other sentences, as far as words tell.
bool stands_alone(const QuizSentence& s) {
  if (s.words.size() < 5 || s.words.size() > 34) return false;
  if (s.text.find_first_of("\"?!;:()[]<>{}=_/|\\~") != std::string::npos || s.text.find("\xE2\x80") != std::string::npos ||
      s.text.find(" - ") != std::string::npos)
    return false;
  if (s.text.find(" '") != std::string::npos || s.text.find("' ") != std::string::npos || !s.text.ends_with(".")) return false;
  if (among(s.words[0].text,
            "it its they their he his she her this these those that such there here i we my our so then therefore thus hence instead otherwise meanwhile "
            "afterwards later nor not only both neither either another others or if each all some another perhaps even again also two three one most many few "
            "whoever whatever wherever whichever several afterward soon today now once what who why how where when as while since although though because "
            "until unless whether"))
    return false;
  const auto next_to = [&](size_t i) { return i + 1 < s.words.size() && s.text[s.words[i].end()] == ' ' ? s.words[i + 1].text : std::string(); };
  // "The second asked": of what is told before.
  if (among(s.words[0].text, "the") &&
      (s.words[1].text.ends_with("est") || among(s.words[1].text, "first second third fourth fifth last one ones two three rest result remaining")) &&
      (finite_verb(s.words[2].text) || among(s.words[2].text, "never still also ones once")))
    return false;
  if (among(s.words[0].text,
            "mix take bake cut shape put add write keep let turn use pour place heat remove cook stir fold knead wash check open close press make see note "
            "remember start stop "
            "bring set leave try avoid cover soak peel slice boil dry clean choose find ask tell give go do be don't never"))
    return false;       // it asks to do something and states nothing
  bool turned = false;  // a second clause began: a pronoun in it means what stands before
  for (size_t i = 0; i < s.words.size(); ++i) {
    const std::string& word = s.words[i].text;
    if (const size_t mark = word.find('\''); mark != std::string::npos && among(word.substr(0, mark), "he she it they i we you that there who what"))
      return false;
    if (among(word, "i we us me my our ours mine this these those former latter such here above")) return false;
    if ((lower_case(word) == "same" || lower_case(word) == "other" || lower_case(word) == "others" || lower_case(word) == "both") && !turned) return false;
    if (among(word, "it they them he she him hers themselves") && !turned) return false;
    if (among(word, "its their") && i < 3 && !(i >= 1 && s.named)) return false;
    if (among(word, "his her") && (s.names.empty() || s.names[0].first >= i)) return false;
    if (lower_case(word) == "her" && (next_to(i).empty() || common_word(next_to(i)))) return false;
    if (lower_case(word) == "that" && i > 0 && among(s.words[i - 1].text, "of in on at by from for than since to before after during about with under"))
      return false;
    if (lower_case(word) == "so" && (i + 1 == s.words.size() || among(s.words[i - 1].text, "do did done does") || s.words[i - 1].text.ends_with("ed")))
      return false;
    if (lower_case(word) == "there" && (!among(next_to(i), "is are was were had would will") || i + 2 >= s.words.size())) return false;
    if (i >= 2 && (among(word, "and because that when if but while which who although") || s.text[s.words[i].end()] == ',')) turned = true;
  }
  return true;
}

void find_names(QuizSentence& s, const std::set<std::string>& known) {
  s.names.clear();
  for (size_t i = 0; i < s.words.size(); ++i) {
    if (!name_word(s.words[i].text)) continue;
    if (i == 0 && !known.contains(s.words[i].text)) continue;
    WordRange range{i, 1};
    while (i + 1 < s.words.size() && name_word(s.words[i + 1].text) && s.words[i + 1].at == s.words[i].end() + 1 && s.text[s.words[i].end()] == ' ')
      ++range.count, ++i;
    s.names.push_back(range);
  }
}

/// Where the predicate begins, for subjects that are a name, or "the" and at most three small words.
void find_predicate(QuizSentence& s) {
  s.predicate = 0;
  s.named = !s.names.empty() && s.names[0].first == 0;
  const auto gap = [&](size_t i) { return s.text.substr(s.words[i - 1].end(), s.words[i].at - s.words[i - 1].end()); };
  if (s.named) {
    const size_t verb = s.names[0].count;
    if (verb < s.words.size() && gap(verb) == " " && finite_verb(s.words[verb].text)) s.predicate = verb;
    return;
  }
  if (s.words.empty() || !among(s.words[0].text, "the a an")) return;
  for (size_t i = 2; i < std::min<size_t>(s.words.size(), 5); ++i) {
    if (gap(i) != " ") return;
    const std::string& word = s.words[i].text;
    if (capital(word)) return;  // "the shopkeeper Tore Aas fears"
    if (finite_verb(word)) {
      // "the bell found in the field was": a participle, another verb follows soon.
      for (size_t k = i + 2; k < std::min(s.words.size(), i + 7); ++k) {
        if (gap(k) != " ") break;
        if (!among(word, "was were is are had has could can will did") && among(s.words[k].text, "was were is are had has")) return;
      }
      s.predicate = i;
      return;
    }
    if (capital(word) || common_word(word)) return;
  }
}

/// Titles and places tell; so does who is later called he or she.
std::map<std::string, NameKind> kinds_of(const std::vector<QuizSentence>& sentences) {
  std::map<std::string, std::array<int, 3>> votes;
  for (size_t n = 0; n < sentences.size(); ++n) {
    const QuizSentence& s = sentences[n];
    for (const WordRange& range : s.names) {
      auto& vote = votes[s.name(range)];
      if (range.first > 0) {
        const std::string& before = s.words[range.first - 1].text;
        if (among(before, "in at near from to into through across around outside")) vote[1] += 2;
        if (among(before, "the a an")) vote[2] += 2;
        if (among(before, "named called by mr mrs who nephew brother sister father mother wife husband son daughter friend engineer doctor")) ++vote[0];
      }
      if (range.count >= 2 && among(s.words[range.first].text, kTitles)) vote[0] += 3;
      if (range.count == 2 && vote[0] == 0 && (range.first == 0 || !among(s.words[range.first - 1].text, "of in at to from near"))) ++vote[0];
      const size_t next = range.first + range.count;
      const bool of = range.first > 0 && among(s.words[range.first - 1].text, "of");
      if (!of && next < s.words.size() && among(s.words[next].text, "said wrote thought told asked knew believed died married felt decided refused")) ++vote[0];
      if (range.first == 0 && n + 1 < sentences.size() && !sentences[n + 1].words.empty() && sentences[n + 1].section == s.section &&
          among(sentences[n + 1].words[0].text, "he she his her"))
        vote[0] += 2;
    }
  }
  // A surname alone is who bears it.
  for (auto& [name, vote] : votes)
    for (const auto& [longer, other] : votes)
      if (longer.size() > name.size() && (longer.ends_with(" " + name) || longer.starts_with(name + " ")))
        for (size_t i = 0; i < 3; ++i) vote[i] += other[i];
  std::map<std::string, NameKind> out;
  for (const auto& [name, vote] : votes)
    out[name] = vote[0] > 0 && vote[0] >= vote[1] && vote[0] >= vote[2] ? NameKind::person
                : vote[1] > 0 && vote[1] >= vote[2]                     ? NameKind::place
                                                                        : NameKind::other;
  return out;
}

/// Whether a name is "he" or "she", by the pronouns that follow it in its sentence and begin the next one.
std::map<std::string, std::array<int, 2>> genders_of(const std::vector<QuizSentence>& sentences) {
  std::map<std::string, std::array<int, 2>> out;
  for (size_t n = 0; n < sentences.size(); ++n) {
    const QuizSentence& s = sentences[n];
    if (s.names.empty()) continue;
    const std::string name = s.name(s.names[0]);
    auto& votes = out[name];
    const std::string& title = s.words[s.names[0].first].text;
    if (among(title, "mr sir lord king prince bishop father uncle emperor pope")) votes[0] += 4;
    if (among(title, "mrs ms miss lady queen princess mother aunt empress")) votes[1] += 4;
    const auto vote = [&](const std::string& word) {
      if (among(word, "he him his himself") || lower_case(word).starts_with("he'")) ++votes[0];
      if (among(word, "she her herself") || lower_case(word).starts_with("she'")) ++votes[1];
    };
    for (size_t i = s.names[0].first + s.names[0].count; s.names.size() == 1 && i < s.words.size(); ++i) vote(s.words[i].text);
    if (n + 1 < sentences.size() && sentences[n + 1].section == s.section && !sentences[n + 1].words.empty() && s.names[0].first == 0)
      vote(sentences[n + 1].words[0].text);
  }
  // A surname alone is who bears it.
  auto all = out;
  for (auto& [name, votes] : all)
    for (const auto& [other, more] : out)
      if (other != name && QuizText::akin(name, other)) votes[0] += more[0], votes[1] += more[1];
  return all;
}

/// The first "he" or "she" of a sentence becomes the name that it means: the subject of the sentence before, or the only person named there.
void resolve(std::vector<QuizSentence>& sentences, const std::map<std::string, NameKind>& kinds, const std::set<std::string>& known) {
  std::string subject, pronoun;
  size_t section = 0;
  const auto genders = genders_of(sentences);
  for (QuizSentence& s : sentences) {
    if (s.words.empty()) continue;
    if (s.section != section) subject.clear(), pronoun.clear();
    section = s.section;
    const auto person = [&](const WordRange& range) {
      const auto found = kinds.find(s.name(range));
      return found != kinds.end() && found->second == NameKind::person;
    };
    size_t at = 0;
    while (at < s.words.size() && !among(s.words[at].text, "he she his her him")) ++at;
    const bool earlier = std::any_of(s.names.begin(), s.names.end(), [&](const WordRange& r) { return r.first < at && person(r); });
    if (at < s.words.size() && !earlier && !subject.empty() && (at == 0 || at >= 2) && !among(s.words[at].text, "him")) {
      const std::string kind = among(s.words[at].text, "he his") ? "he" : "she";
      const auto votes = genders.find(subject);
      const size_t own = kind == "he" ? 0 : 1;
      if ((!pronoun.empty() && pronoun != kind) || votes == genders.end() || votes->second[own] <= votes->second[1 - own]) {
        subject.clear();
        pronoun.clear();
        continue;
      }
      const bool possessive = among(s.words[at].text, "his her");
      const std::string before = at > 0 ? lower_case(s.words[at - 1].text) : "";
      if (possessive && at > 0) continue;
      pronoun = kind;
      s.text = s.text.substr(0, s.words[at].at) + subject + (possessive ? (subject.ends_with("s") ? "'" : "'s") : "") + s.text.substr(s.words[at].end());
      s.words = quiz_words(s.text);
      find_names(s, known);
      find_predicate(s);
      s.resolved = true;
      if (possessive) s.named = false, s.predicate = 0;
    } else if (s.named && person(s.names[0])) {
      if (!QuizText::akin(s.name(s.names[0]), subject)) pronoun.clear();
      subject = s.name(s.names[0]);
    } else if (!among(s.words[0].text, "he she his her")) {
      subject.clear();
      pronoun.clear();
    }
    // Somebody else was named: he or she may be they from now on. One only, in a sentence about a thing: it is they.
    std::string only;
    bool several = false;
    for (const WordRange& range : s.names)
      if (person(range)) {
        const std::string name = s.name(range);
        several = several || (!only.empty() && !QuizText::akin(name, only));
        only = only.size() > name.size() && QuizText::akin(name, only) ? only : name;
      }
    if (several) subject.clear();
    if (!several && !only.empty() && !QuizText::akin(only, subject)) {
      const bool alone = subject.empty();
      subject = alone ? only : "";
      pronoun.clear();
    }
  }
}

}  // namespace

std::string QuizSentence::name(const WordRange& range) const { return between(range.first, range.first + range.count); }

std::string QuizSentence::between(size_t first, size_t last) const {
  if (first >= last || last > words.size()) return "";
  return text.substr(words[first].at, words[last - 1].end() - words[first].at);
}

bool QuizText::akin(const std::string& a, const std::string& b) {
  for (const std::string& x : split_words(a))
    for (const std::string& y : split_words(b))
      if (x == y || (x.size() > 3 && y.size() > 3 && (x.starts_with(y) || y.starts_with(x)))) return true;
  return false;
}

std::string QuizText::clause(const std::string& sentence) const {
  std::string out = sentence;
  while (!out.empty() && (out.back() == '.' || out.back() == ' ' || out.back() == ',')) out.pop_back();
  const auto words = quiz_words(out);
  if (words.empty() || words[0].text == "I" || calendar(words[0].text) || among(words[0].text, kPeoples)) return out;
  for (const auto& [name, kind] : names)
    if (out.starts_with(name)) return out;
  out[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(out[0])));
  return out;
}

std::string as_sentence(std::string clause) {
  if (clause.empty()) return clause;
  clause[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(clause[0])));
  return clause.ends_with(".") ? clause : clause + ".";
}

QuizText analyse(const Article& article) {
  QuizText out;
  std::set<std::string> known, small;
  for (size_t section = 0; section < article.sections.size(); ++section)
    for (const std::string& text : sentences_of(article.sections[section])) {
      QuizSentence s;
      s.original = s.text = text;
      s.section = section;
      s.place = out.sentences.size();
      strip_connective(s.text);
      s.words = quiz_words(s.text);
      for (size_t i = 0; i < s.words.size(); ++i) {
        const std::string& word = s.words[i].text;
        if (!capital(word)) small.insert(word);
        const bool run = i == 0 && s.words.size() > 1 && name_word(word) && name_word(s.words[1].text) && s.words[1].at == s.words[0].end() + 1;
        if ((i > 0 || run) && name_word(word)) known.insert(word);
      }
      out.sentences.push_back(std::move(s));
    }
  for (const std::string& word : small) {  // "The Water" of a heading is water
    std::string name = word;
    name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
    known.erase(name);
  }
  // "Costa paid …": only ever at the beginning, more than once, and never small.
  std::map<std::string, int> begins;
  for (const QuizSentence& s : out.sentences)
    if (s.words.size() > 1 && name_word(s.words[0].text) && finite_verb(s.words[1].text)) ++begins[s.words[0].text];
  for (const auto& [word, times] : begins)
    if (times >= 2 && !small.contains(lower_case(word)) && !word.ends_with("s")) known.insert(word);
  for (QuizSentence& s : out.sentences) find_names(s, known), find_predicate(s);
  out.names = kinds_of(out.sentences);
  resolve(out.sentences, out.names, known);
  for (QuizSentence& s : out.sentences) {
    s.alone = stands_alone(s);
    if (s.words.empty() || s.named || s.resolved) continue;
    // A name or not? Nothing else in the text tells, so it cannot be written in the middle of a sentence.
    const std::string& first = s.words[0].text;
    if (name_word(first) && !first.ends_with("s") && !first.ends_with("ing") && !first.ends_with("men") && !first.ends_with("people") &&
        !small.contains(lower_case(first)) && !known.contains(first) && (s.words.size() < 2 || finite_verb(s.words[1].text)))
      s.alone = false;
  }
  return out;
}

}  // namespace ptah
