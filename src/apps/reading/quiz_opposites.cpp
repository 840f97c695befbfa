// Opposites of words, and causes told from effects.
#include <algorithm>

#include "apps/reading/quiz_statements.h"
#include "base/text.h"

namespace ptah {

namespace {

/// Adjectives and adverbs where only one of the two can hold of one thing.
constexpr const char* kPairs[][2] = {{"larger", "smaller"},
                                     {"bigger", "smaller"},
                                     {"higher", "lower"},
                                     {"longer", "shorter"},
                                     {"older", "younger"},
                                     {"faster", "slower"},
                                     {"heavier", "lighter"},
                                     {"warmer", "colder"},
                                     {"stronger", "weaker"},
                                     {"richer", "poorer"},
                                     {"better", "worse"},
                                     {"cheaper", "more expensive"},
                                     {"wider", "narrower"},
                                     {"deeper", "shallower"},
                                     {"earlier", "later"},
                                     {"sooner", "later"},
                                     {"largest", "smallest"},
                                     {"biggest", "smallest"},
                                     {"highest", "lowest"},
                                     {"longest", "shortest"},
                                     {"oldest", "youngest"},
                                     {"fastest", "slowest"},
                                     {"strongest", "weakest"},
                                     {"best", "worst"},
                                     {"cheapest", "most expensive"},
                                     {"safer", "riskier"},
                                     {"large", "small"},
                                     {"big", "small"},
                                     {"high", "low"},
                                     {"long", "short"},
                                     {"fast", "slow"},
                                     {"heavy", "light"},
                                     {"warm", "cold"},
                                     {"hot", "cold"},
                                     {"strong", "weak"},
                                     {"rich", "poor"},
                                     {"cheap", "expensive"},
                                     {"wide", "narrow"},
                                     {"deep", "shallow"},
                                     {"easy", "hard"},
                                     {"dry", "wet"},
                                     {"empty", "full"},
                                     {"clean", "dirty"},
                                     {"safe", "dangerous"},
                                     {"legal", "illegal"},
                                     {"possible", "impossible"},
                                     {"common", "rare"},
                                     {"public", "private"},
                                     {"open", "closed"},
                                     {"valid", "void"},
                                     {"free", "bound"},
                                     {"alive", "dead"},
                                     {"loud", "quiet"},
                                     {"soft", "hard"},
                                     {"young", "old"},
                                     {"thick", "thin"},
                                     {"bright", "dark"},
                                     {"sharp", "blunt"},
                                     {"guilty", "innocent"},
                                     {"necessary", "unnecessary"},
                                     {"visible", "invisible"},
                                     {"useful", "useless"},
                                     {"popular", "unpopular"},
                                     {"able", "unable"},
                                     {"likely", "unlikely"},
                                     {"pleased", "displeased"},
                                     {"satisfied", "dissatisfied"},
                                     {"profitable", "unprofitable"},
                                     {"successful", "unsuccessful"},
                                     {"allowed", "forbidden"},
                                     {"permitted", "forbidden"},
                                     {"independent", "dependent"},
                                     {"wrong", "right"},
                                     {"correct", "mistaken"},
                                     {"late", "early"},
                                     {"upper", "lower"},
                                     {"northern", "southern"},
                                     {"eastern", "western"},
                                     {"accepted", "refused"},
                                     {"won", "lost"},
                                     {"missing", "present"},
                                     {"harmless", "harmful"},
                                     {"binding", "optional"},
                                     {"voluntary", "compulsory"}};

struct VerbPair {
  const char *past, *base, *third, *other_past, *other_base, *other_third;
};
constexpr VerbPair kVerbs[] = {{"rose", "rise", "rises", "fell", "fall", "falls"},
                               {"increased", "increase", "increases", "decreased", "decrease", "decreases"},
                               {"grew", "grow", "grows", "shrank", "shrink", "shrinks"},
                               {"won", "win", "wins", "lost", "lose", "loses"},
                               {"gained", "gain", "gains", "lost", "lose", "loses"},
                               {"opened", "open", "opens", "closed", "close", "closes"},
                               {"accepted", "accept", "accepts", "refused", "refuse", "refuses"},
                               {"agreed", "agree", "agrees", "declined", "decline", "declines"},
                               {"began", "begin", "begins", "ended", "end", "ends"},
                               {"started", "start", "starts", "stopped", "stop", "stops"},
                               {"bought", "buy", "buys", "sold", "sell", "sells"},
                               {"remembered", "remember", "remembers", "forgot", "forget", "forgets"},
                               {"arrived", "arrive", "arrives", "departed", "depart", "departs"},
                               {"succeeded", "succeed", "succeeds", "failed", "fail", "fails"},
                               {"allowed", "allow", "allows", "forbade", "forbid", "forbids"},
                               {"permits", "permit", "permits", "forbids", "forbid", "forbids"},
                               {"found", "find", "finds", "missed", "miss", "misses"},
                               {"supported", "support", "supports", "opposed", "oppose", "opposes"},
                               {"strengthened", "strengthen", "strengthens", "weakened", "weaken", "weakens"},
                               {"raised", "raise", "raises", "lowered", "lower", "lowers"},
                               {"improved", "improve", "improves", "worsened", "worsen", "worsens"},
                               {"widened", "widen", "widens", "narrowed", "narrow", "narrows"},
                               {"loved", "love", "loves", "hated", "hate", "hates"},
                               {"survived", "survive", "survives", "perished", "perish", "perishes"},
                               {"remained", "remain", "remains", "vanished", "vanish", "vanishes"},
                               {"praised", "praise", "praises", "blamed", "blame", "blames"},
                               {"doubled", "double", "doubles", "halved", "halve", "halves"},
                               {"expanded", "expand", "expands", "contracted", "contract", "contracts"},
                               {"welcomed", "welcome", "welcomes", "rejected", "reject", "rejects"},
                               {"approved", "approve", "approves", "rejected", "reject", "rejects"},
                               {"fell", "fall", "falls", "rose", "rise", "rises"},
                               {"lost", "lose", "loses", "won", "win", "wins"},
                               {"sold", "sell", "sells", "bought", "buy", "buys"},
                               {"refused", "refuse", "refuses", "accepted", "accept", "accepts"},
                               {"stopped", "stop", "stops", "started", "start", "starts"},
                               {"failed", "fail", "fails", "succeeded", "succeed", "succeeds"},
                               {"closed", "close", "closes", "opened", "open", "opens"},
                               {"rejected", "reject", "rejects", "approved", "approve", "approves"},
                               {"forgot", "forget", "forgets", "remembered", "remember", "remembers"}};

bool be(const std::string& word) { return word == "is" || word == "are" || word == "was" || word == "were"; }

/// "and" between clauses would be said of both: only the first part of a sentence is turned.
bool splits(const std::string& text) {
  return text.find(" not ") != std::string::npos || text.find(" no ") != std::string::npos || text.find(" never ") != std::string::npos ||
         text.find("n't") != std::string::npos || text.find(" nobody ") != std::string::npos;
}

void ends(const std::string& sentence, std::string_view connective, std::vector<std::pair<std::string, std::string>>& out, bool cause_last) {
  const size_t at = sentence.find(connective);
  if (at == std::string::npos) return;
  std::string a = sentence.substr(0, at), b = sentence.substr(at + connective.size());
  if (cause_last)
    out.emplace_back(b, a);
  else
    out.emplace_back(a, b);
}

bool full_clause(const std::string& text) {
  const auto words = quiz_words(text);
  if (words.size() < 4 || words.size() > 18) return false;
  static const std::set<std::string> weak{"it",    "they", "he", "she", "this", "that", "these", "those", "there", "of",     "his",    "her",  "its",
                                          "their", "i",    "we", "you", "in",   "to",   "then",  "not",   "only",  "partly", "mainly", "when", "if"};
  if (weak.contains(lower_case(words[0].text))) return false;
  for (size_t i = 1; i < words.size(); ++i) {
    const std::string w = lower_case(words[i].text);
    if (w == "it" || w == "they" || w == "them" || w == "he" || w == "she" || w == "him" || w == "her" || w == "his" || w == "its" || w == "their")
      return false;
  }
  bool verb = false;
  for (size_t i = 1; i < std::min<size_t>(words.size(), 8); ++i) verb = verb || finite_verb(words[i].text);
  return verb && text.find(',') == std::string::npos;
}

}  // namespace

std::vector<Twins> opposites_of(const QuizText& text, Random& random) {
  std::vector<Twins> out;
  const auto add = [&](const QuizSentence& s, const std::string& right, const std::string& wrong) {
    out.push_back({"opposite", as_sentence(right), as_sentence(wrong), {s.place}, s.section});
  };
  for (const QuizSentence& s : text.sentences) {
    if (!s.alone || splits(s.text) || s.text.find(" too") != std::string::npos) continue;
    for (size_t i = 1; i < std::min<size_t>(s.words.size(), 16); ++i) {
      const std::string &word = s.words[i].text, &before = s.words[i - 1].text;
      const std::string left = s.text.substr(0, s.words[i].at), right = s.text.substr(s.words[i].end());
      const std::string tail = shortened(right).empty() ? right : shortened("x" + right).substr(1);
      static const std::set<std::string> clauses{"when",  "if",    "because", "since",    "that", "which", "who", "but",
                                                 "while", "until", "than",    "although", "as",   "where", "and"};
      if (clauses.contains(lower_case(before)) || clauses.contains(lower_case(word))) break;  // of the first clause only
      bool done = false;
      if (be(before) && i + 2 < s.words.size() && s.words[i + 1].text == "than") {  // "A is larger than B": "B is smaller than A"
        const std::string a = text.clause(s.between(0, i - 1)), b = s.between(i + 2, s.words.size());
        const auto y = quiz_words(b);
        if (a.find(',') != std::string::npos || b.find(',') != std::string::npos || y.size() > 8 || y.size() < 2 || finite_verb(y.back().text) ||
            b.find(" of ") != std::string::npos || before == "are" || before == "were")
          break;
        if (y[0].text != "the" && y[0].text != "a" && y[0].text != "an" && std::isupper(static_cast<unsigned char>(y[0].text[0])) == 0) break;
        for (const auto& pair : kPairs)
          for (int way = 0; way < 2 && !done; ++way)
            if (word == pair[way]) {
              add(s, fmt::format("{} {} {} than {}", b, before, pair[1 - way], a), fmt::format("{} {} {} than {}", a, before, pair[1 - way], b));
              done = true;
            }
        break;
      }
      if (be(before))
        for (const auto& pair : kPairs)
          for (int way = 0; way < 2 && !done; ++way)
            if (word == pair[way]) {
              const std::string other = pair[1 - way];
              if (random.below(2) == 0)
                add(s, left + "not " + other + tail, left + other + tail);
              else
                add(s, left + "not " + other + tail, left + "not " + word + tail);
              done = true;
            }
      const bool goes_on = right.find(" and ") != std::string::npos || right.find(" to ") != std::string::npos || right.find(" from ") != std::string::npos ||
                           right.find(" by ") != std::string::npos || right.starts_with(" up") || right.starts_with(" out") || right.starts_with(" off") ||
                           right.starts_with(" on") || right.starts_with(" down") || right.starts_with(" away") || right.starts_with(" back") ||
                           right.starts_with(" in") || right.starts_with(" over") || right.starts_with(" for");
      if (s.predicate == i && !goes_on)
        for (const VerbPair& pair : kVerbs) {
          const bool past = word == pair.past, third = word == pair.third;
          if (done || (!past && !third)) continue;
          const std::string helper = past ? "did not " : "does not ", turned = past ? pair.other_past : pair.other_third;
          if (random.below(2) == 0)
            add(s, left + helper + pair.other_base + tail, left + turned + tail);
          else
            add(s, left + helper + pair.other_base + tail, left + helper + pair.base + tail);
          done = true;
        }
      if (done) break;
    }
  }
  return out;
}

std::vector<Twins> causes_of(const QuizText& text) {
  std::vector<Twins> out;
  for (const QuizSentence& s : text.sentences) {
    std::vector<std::pair<std::string, std::string>> found;  // cause, effect
    std::string sentence = s.text;
    while (!sentence.empty() && (sentence.back() == '.' || sentence.back() == ' ')) sentence.pop_back();
    if (sentence.find_first_of("\"?!;:()") != std::string::npos || sentence.find("\xE2\x80") != std::string::npos) continue;
    const bool begins = sentence.starts_with("Because ") && !sentence.starts_with("Because of");
    if (begins) {
      if (const size_t comma = sentence.find(", "); comma != std::string::npos) found.emplace_back(sentence.substr(8, comma - 8), sentence.substr(comma + 2));
    } else if (sentence.find(" because ") != std::string::npos) {
      if (sentence.find(" because of ") == std::string::npos)
        ends(sentence, sentence.find(", because ") != std::string::npos ? ", because " : " because ", found, true);
    } else if (sentence.find(", so ") != std::string::npos && sentence.find(", so that ") == std::string::npos) {
      ends(sentence, ", so ", found, false);
    }
    for (const char* result : {"As a result, ", "Therefore, ", "For this reason, ", "That is why ", "For that reason, ", "Consequently, "})
      if (s.original.starts_with(result) && s.place > 0 && text.sentences[s.place - 1].section == s.section && text.sentences[s.place - 1].alone)
        found.emplace_back(text.sentences[s.place - 1].text, s.original.substr(std::string_view(result).size()));
    for (auto& [cause, effect] : found) {
      cause = shortened(text.clause(as_sentence(cause)));
      effect = shortened(text.clause(as_sentence(effect)));
      if (!full_clause(cause) || !full_clause(effect)) continue;
      out.push_back({"cause", as_sentence(cause) + " That is why " + effect + ".", as_sentence(effect) + " That is why " + cause + ".", {s.place}, s.section});
    }
    if (!s.alone) continue;
    for (const char* verb : {" led to ", " leads to ", " caused ", " causes ", " resulted in ", " brought about ", " gave rise to "})
      if (const size_t at = sentence.find(verb); at != std::string::npos) {
        const std::string a = text.clause(sentence.substr(0, at));
        std::string b = sentence.substr(at + std::string_view(verb).size());
        b = b.substr(0, b.find(','));
        const auto x = quiz_words(a), y = quiz_words(b);
        if (x.empty() || x.size() > 9 || y.size() < 2 || y.size() > 10 || b.find(" to ") != std::string::npos || a.find(',') != std::string::npos) continue;
        if (std::any_of(x.begin() + 1, x.end(), [](const QuizWord& w) { return finite_verb(w.text) || w.text == "which" || w.text == "that"; })) continue;
        if (y[0].text == "the" || y[0].text == "a" || y[0].text == "an" || !common_word(y[0].text))
          out.push_back({"cause", as_sentence(b + " came about because of " + a), as_sentence(a + " came about because of " + b), {s.place}, s.section});
      }
  }
  return out;
}

}  // namespace ptah
