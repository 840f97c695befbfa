#include "scene/words/grammar_words.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "base/text.h"

namespace ptah {

namespace {

constexpr size_t kLongestWords = 6;

std::string joined(const SceneWords& words, size_t from, size_t count) {
  std::string out;
  for (size_t i = from; i < from + count; ++i) out += (out.empty() ? "" : " ") + words[i];
  return out;
}

/// The longest of a table's phrases that begins at a word.
template <class T>
WordMatch<T> longest_words(const std::map<std::string, T>& table, const SceneWords& words, size_t at) {
  for (size_t n = std::min(kLongestWords, words.size() - std::min(words.size(), at)); n > 0; --n)
    if (const auto found = table.find(joined(words, at, n)); found != table.end()) return {n, found->second};
  return {};
}

std::vector<std::string> listed(const std::string& text) {
  std::vector<std::string> out;
  std::stringstream list(text);
  for (std::string one; std::getline(list, one, '|');) out.push_back(one);
  return out;
}

/// Relations, and the words for each; "?" where they stand without what they are relative to, "!" with a possessive pronoun for "{}".
constexpr std::pair<const char*, const char*> kRelationWords[] = {
    {"on", "on top of|on|upon|atop|onto|at the top of|on the top of|on the edge of|on the surface of"},
    {"on?", "on top|on the top|up top"},
    {"on!", "on {} top|on {} surface|on {} seat|on {} back|on {} edge|on {} roof|on {} head|on {} shoulder|on {} lap|on {} lid|upon {} head|on {} branches"},
    {"four_sides!", "at each of {} four sides|on each of {} four sides|at each of {} sides|on each of {} sides|at each of {} corners|on all of {} sides"},
    {"four_sides", "on all sides of|on all four sides of|at all four sides of|on every side of"},
    {"left_of",
     "to the left of|left of|to the left side of|at the left of|at the left side of|to the left hand side of|to the immediate left of|just left of|"
     "further left than|farther left than"},
    {"on_left", "on the left of|on the left side of|on the left hand side of|on the left half of|on the left end of|at the left end of"},
    {"left_of?", "to the left|at the left|to the left side"},
    {"on_left?", "on the left|on the left side|on the left hand side"},
    {"left_of!", "to {} left|on {} left|at {} left|on {} left side|at {} left side|to {} left side|on {} left hand side|to {} left hand side"},
    {"right_of",
     "to the right of|right of|to the right side of|at the right of|at the right side of|to the right hand side of|to the immediate right of|just right of|"
     "further right than|farther right than"},
    {"on_right", "on the right of|on the right side of|on the right hand side of|on the right half of|on the right end of|at the right end of"},
    {"right_of?", "to the right|at the right|to the right side"},
    {"on_right?", "on the right|on the right side|on the right hand side"},
    {"right_of!", "to {} right|on {} right|at {} right|on {} right side|at {} right side|to {} right side|on {} right hand side|to {} right hand side"},
    {"in_front_of", "in front of|before|at the foot of|at the end of|ahead of|just before"},
    {"in_front_of?", "in front|out front|up front|at the front|at the very front"},
    {"in_front_of!", "at {} foot|at {} front|at {} end"},
    {"behind", "behind|from behind|in back of|at the head of|at the back of|to the rear of"},
    {"behind?", "at the back|at the rear"},
    {"behind!", "behind {} back|at {} back|at {} rear"},
    {"next_to", "next to|beside|besides|adjacent to|alongside|by|at the side of|right next to|side by side with|to the side of|at the edge of|abreast of"},
    {"next_to?", "on one side|at one side|to one side|to the side|at the side|alongside|on the other side|at the other side|to the other side"},
    {"next_to!", "at {} side|by {} side|to {} side|on {} side"},
    {"at", "at"},
    {"near",
     "near|close to|not far from|in the vicinity of|a short way from|close by|near to|amid|among|amidst|in the shade of|in the shadow of|within reach of|a few "
     "steps from|a stone's throw from"},
    {"near?", "nearby|close by"},
    {"across", "opposite|opposite of|opposite to|across from|on the opposite side of|on the other side of|across"},
    {"facing", "facing|faces|face|that faces|looking at|turned towards|towards|turned to|pointing at|aimed at|looks at|look at"},
    {"between", "between|in between|midway between|halfway between"},
    {"around", "around|round|all around|in a circle around|in a ring around|in a semicircle around"},
    {"under", "under|underneath|below|beneath"},
    {"above", "above|over|right above"},
    {"above?", "overhead|up above"},
    {"in", "in|inside|inside of|within|into"},
    {"against", "against|leaning against|leaning on|along|along the side of|up against"},
    {"from", "from"},
    {"to", "to"},
    {"sides",
     "on either side of|on both sides of|on each side of|at each side of|to either side of|at either side of|at both sides of|"
     "to each side of|to both sides of|to the left and right of|left and right of|to the left and to the right of|on the left and right of|"
     "to the right and left of|right and left of|on two sides of|along both sides of|along each side of"},
    {"sides?",
     "on either side|on both sides|on each side|at either side|at each side|at both sides|to either side|to the left and right|left and right|"
     "to the left and to the right|on the left and right|on the left and on the right"},
    {"ends", "at either end of|at both ends of|at each end of|to either end of|at the two ends of|at opposite ends of"},
    {"on_ends", "on either end of|on both ends of|on each end of"},
    {"ends?", "at either end|at both ends|at each end"},
    {"on_ends?", "on either end|on both ends|on each end"},
    {"ends!", "at both {} ends|at {} ends"},
    {"on_ends!", "on both {} ends|on {} ends|on either of {} ends"},
    {"sides!", "on both {} sides|on either of {} sides|to {} left and right|on {} left and right|at {} sides|on {} sides|along {} sides"},
};

const std::map<std::string, RelationWords>& relation_table() {
  static const auto table = [] {
    std::map<std::string, RelationWords> out;
    for (const auto& [is, words] : kRelationWords) {
      std::string name = is;
      RelationWords entry;
      entry.open = name.ends_with('?'), entry.own = name.ends_with('!');
      if (entry.open || entry.own) name.pop_back();
      entry.is = name;
      for (const std::string& phrase : listed(words)) {
        if (!entry.own) {
          out.emplace(phrase, entry);
          continue;
        }
        for (const char* whose : {"its", "their", "his", "her", "whose"}) {
          std::string said = phrase;
          replace_all(said, "{}", whose);
          out.emplace(said, entry);
        }
      }
    }
    return out;
  }();
  return table;
}

std::string third_person(const std::string& base) {
  if (base.ends_with("s") || base.ends_with("x") || base.ends_with("ch") || base.ends_with("sh") || base.ends_with("o")) return base + "es";
  if (base.ends_with("y") && std::string("aeiou").find(base[base.size() - 2]) == std::string::npos) return base.substr(0, base.size() - 1) + "ies";
  return base + "s";
}

/// Doubles the last letter of a short verb ("sitting"), drops a mute e ("facing").
std::string stem_of(const std::string& base) {
  static const std::set<std::string> kDoubled{"sit", "put", "set", "top", "nap", "hop", "run", "swim", "rest!", "pin", "tip", "jut"};
  if (kDoubled.contains(base)) return base + base.back();
  if (base == "lie") return "ly";
  if (base.ends_with("e") && !base.ends_with("ee")) return base.substr(0, base.size() - 1);
  return base;
}
std::string regular_past(const std::string& base) {
  if (base.ends_with("y") && std::string("aeiou").find(base[base.size() - 2]) == std::string::npos) return base.substr(0, base.size() - 1) + "ied";
  return stem_of(base) + "ed";
}

/// Verbs that say only that something is somewhere; behind ":" a past participle that is not regular.
constexpr const char* kPlaceVerbs =
    "stand:stood|sit:seated|lie:laid|hang:hung|lean:leant|rest|sleep:slept|wait|float|perch|grow:grown|hide:hidden|graze|belong|go|kneel|swim:swum|lurk|crouch|"
    "loom|dangle|repose|nestle|swing:swung|stay|remain|appear|hover|doze|nap|slumber|roam|dwell|peek|peep|squat|curl|coil|stretch|reside|rise|tower|sprawl|"
    "slump|squeeze|place|put:put|set:set|locate|position|situate|mount|arrange|park|lay:laid|tuck|push|gather|prop|seat|stack|pile|install|fix|attach|pin|"
    "group|scatter|spread:spread|moor|anchor|store|keep:kept|wedge|suspend|display|align|line|leave:left|cluster|huddle|shelve|pull|station|build:built|erect|"
    "lounge|relax|bask|stroll|wander|walk|run|play|paddle|prowl|peck|waddle|sail|drift|slither|creep|idle|reach|bob|roost|lodge|deposit|secure|nail|screw|"
    "tie:tied|tether|chain|hitch|fasten|harness|bolt|queue|drape|strew:strewn|settle|assemble|congregate|pose|balance|stash|plant|find:found|see:seen|rear|"
    "live|come";

/// Verbs that state a relation: what it is, whether of what follows, and the verbs.
struct VerbRow {
  const char* is;
  bool inverse;
  const char* verbs;
};
constexpr VerbRow kRelationVerbs[] = {
    {"sides", false, "flank|frame|sandwich"},
    {"next_to", false, "adjoin|border|touch|neighbour|abut|shade|shelter"},
    {"around", false, "surround|encircle|ring|circle|enclose|encompass"},
    {"facing", false, "overlook|watch|face"},
    {"near", false, "guard|protect|attend"},
    {"behind", false, "follow|trail"},
    {"on", false, "top|crown|cover|occupy|decorate|adorn|grace|share"},
    {"on", true, "hold:held|carry|bear:borne|support|sport|feature|showcase|host|boast|display"},
    {"above", false, "overhang:overhung"},
    {"between", false, "separate|divide|part"},
    {"next_to", true, "accompany|join"},
};
/// Past participles with "by" or "with": what follows is relative to the subject.
constexpr std::pair<const char*, const char*> kPastOnly[] = {{"on", "laden|loaded|stacked|set|laid|equipped|fitted|filled|piled|strewn|laid out"},
                                                             {"above", "lit|illuminated"},
                                                             {"next_to", "paired|accompanied|joined"}};
constexpr const char* kAuxiliaries =
    "is:1|was:1|has been:1|are:2|were:2|have been:2|can be:2|could be:2|may be:2|should be:2|will be:2|must be:2|would be:2|had been:2|be:2|been:2|being:2|"
    "gets:1|get:2|does:1|do:2|did:2|should:2|will:2|can:2|could:2|must:2|would:2|may:2";

void add_verb(std::map<std::string, VerbWords>& out, const std::string& entry, const std::string& is, bool inverse) {
  using Form = VerbWords::Form;
  const size_t colon = entry.find(':');
  const std::string base = entry.substr(0, colon);
  out.emplace(base, VerbWords{is, inverse, Form::several});
  out.emplace(third_person(base), VerbWords{is, inverse, Form::one});
  out.emplace(stem_of(base) + "ing", VerbWords{is, inverse, Form::participle});
  out.emplace(colon == std::string::npos ? regular_past(base) : entry.substr(colon + 1), VerbWords{is, inverse, Form::past});
  if (colon != std::string::npos) out.emplace(regular_past(base), VerbWords{is, inverse, Form::past});
}

const std::map<std::string, VerbWords>& verb_table() {
  static const auto table = [] {
    using Form = VerbWords::Form;
    std::map<std::string, VerbWords> out;
    for (const std::string& one : listed(kAuxiliaries)) out[one.substr(0, one.size() - 2)] = {"", false, one.ends_with("1") ? Form::one : Form::several, true};
    out["sitting"] = out["lying"] = {"", false, Form::participle};
    out["lined up"] = out["made up"] = out["curled up"] = out["pulled up"] = out["set up"] = out["laid out"] = out["set out"] = {"", false, Form::past};
    for (const VerbRow& row : kRelationVerbs)
      for (const std::string& verb : listed(row.verbs)) add_verb(out, verb, row.is, row.inverse);
    for (const std::string& verb : listed(kPlaceVerbs)) add_verb(out, verb, "", false);
    // Words that are something else far more often.
    for (const char* word :
         {"ring",  "rings",  "circle", "circles", "top",    "tops",    "part",   "parts",   "share",    "watch",  "watches", "line",   "lines",  "pin",
          "pins",  "pile",   "piles",  "stack",   "stacks", "group",   "groups", "cluster", "clusters", "plant",  "plants",  "park",   "parks",  "nail",
          "nails", "screw",  "screws", "find",    "see",    "finds",   "sees",   "build",   "left",     "come",   "host",    "hosts",  "play",   "plays",
          "crown", "crowns", "cover",  "covers",  "anchor", "anchors", "border", "borders", "frame",    "frames", "store",   "stores", "lounge", "lounges",
          "face",  "faces",  "facing", "rear",    "rears",  "station", "swing",  "swings",  "bear",     "bears",  "seat",    "seats",  "sail",   "sails",
          "mount", "mounts", "nap",    "naps",    "tower",  "towers",  "set",    "sets",    "put",      "place",  "lay",     "found",  "seen"})
      out.erase(word);
    for (const char* word : {"surrounding"}) out[word] = {"around", false, Form::participle};
    out["put"] = out["set"] = out["seen"] = out["found"] = {"", false, Form::past};
    out["bears"] = {"on", true, Form::one};
    out["queueing"] = {"", false, Form::participle};
    for (const char* word : {"tie", "ties", "chain", "chains", "bolt", "bolts", "hitch", "queue", "queues", "display", "displays"}) out.erase(word);
    return out;
  }();
  return table;
}

/// The past participles whose relation holds with "by" or "with".
const std::map<std::string, std::string>& past_table() {
  static const auto table = [] {
    std::map<std::string, std::string> out;
    for (const auto& [is, words] : kPastOnly)
      for (const std::string& word : listed(words)) out[word] = is;
    return out;
  }();
  return table;
}

const std::map<std::string, int>& numbers() {
  static const std::map<std::string, int> table{{"a", 1},
                                                {"an", 1},
                                                {"one", 1},
                                                {"two", 2},
                                                {"three", 3},
                                                {"four", 4},
                                                {"five", 5},
                                                {"six", 6},
                                                {"seven", 7},
                                                {"eight", 8},
                                                {"nine", 9},
                                                {"ten", 10},
                                                {"eleven", 11},
                                                {"twelve", 12},
                                                {"thirteen", 13},
                                                {"fourteen", 14},
                                                {"fifteen", 15},
                                                {"sixteen", 16},
                                                {"seventeen", 17},
                                                {"eighteen", 18},
                                                {"nineteen", 19},
                                                {"twenty", 20},
                                                {"thirty", 30},
                                                {"forty", 40},
                                                {"fifty", 50},
                                                {"sixty", 60},
                                                {"seventy", 70},
                                                {"eighty", 80},
                                                {"ninety", 90},
                                                {"a hundred", 100},
                                                {"one hundred", 100},
                                                {"two hundred", 200},
                                                {"a pair of", 2},
                                                {"pair of", 2},
                                                {"the pair of", 2},
                                                {"a couple of", 2},
                                                {"a couple", 2},
                                                {"both", 2},
                                                {"several", 3},
                                                {"some", 3},
                                                {"a few", 3},
                                                {"few", 3},
                                                {"many", 5},
                                                {"lots of", 5},
                                                {"a lot of", 5},
                                                {"plenty of", 5},
                                                {"a dozen", 12},
                                                {"dozen", 12},
                                                {"half a dozen", 6},
                                                {"half dozen", 6},
                                                {"a half dozen", 6},
                                                {"another", 1},
                                                {"a single", 1},
                                                {"an additional", 1},
                                                {"another two", 2},
                                                {"two more", 2},
                                                {"one more", 1},
                                                {"a trio of", 3},
                                                {"a quartet of", 4},
                                                {"a number of", 4},
                                                {"a handful of", 4},
                                                {"a single one of", 1},
                                                {"a piece of", 1},
                                                {"a slice of", 1}};
  return table;
}

/// A television's "stand" is a TV stand.
void name_stands(SceneWords& words) {
  if (std::none_of(words.begin(), words.end(), [](const std::string& w) { return w == "tv" || w == "television" || w == "telly"; })) return;
  for (size_t i = 1; i < words.size(); ++i)
    if (words[i] == "stand" && (words[i - 1] == "a" || words[i - 1] == "the" || words[i - 1] == "its"))
      words.insert(words.begin() + static_cast<std::ptrdiff_t>(i++), "tv");
}

}  // namespace

SceneWords scene_words(const std::string& text) {
  SceneWords out;
  std::string word;
  const auto flush = [&] {
    static const std::set<std::string> kShort{"there's", "here's", "it's", "that's", "where's", "who's", "what's"};
    if (kShort.contains(word)) {
      out.push_back(word.substr(0, word.size() - 2));
      word = "is";
    }
    if (!word.empty()) out.push_back(std::move(word));
    word.clear();
  };
  std::string plain = text;
  for (const auto& [from, to] : {std::pair{"\u2019", "'"},
                                 {"\u2018", "'"},
                                 {"\u00d7", " x "},
                                 {"\u2013", ", "},
                                 {"\u2014", ", "},
                                 {" - ", ", "},
                                 {"w/ ", "with "},
                                 {" & ", " and "},
                                 {" + ", ", "}})
    replace_all(plain, from, to);
  for (size_t i = 0; i < plain.size(); ++i) {
    const char c = plain[i];
    const bool number = c == '.' && i + 1 < plain.size() && std::isdigit(static_cast<unsigned char>(plain[i + 1])) && !word.empty() &&
                        std::isdigit(static_cast<unsigned char>(word.back()));
    if (static_cast<unsigned char>(c) >= 0x80 || std::isalnum(static_cast<unsigned char>(c)) || c == '\'' || number) {
      word += static_cast<char>(static_cast<unsigned char>(c) < 0x80 ? std::tolower(static_cast<unsigned char>(c)) : c);
      continue;
    }
    flush();
    if (c == '.' || c == '!' || c == '?' || c == ';' || c == '\n') out.push_back(".");
    if (c == ':') out.push_back(":");  // what stands before it may be a title
    if (c == ',' || c == ':') out.push_back(",");
    if (c == '(' || c == ')') out.push_back(std::string(1, c));
  }
  flush();
  name_stands(out);
  return out;
}

WordMatch<RelationWords> relation_words(const SceneWords& words, size_t at) {
  auto out = longest_words(relation_table(), words, at);
  if (out.length == 1 && words[at] == "round") {  // "round a table", but "a round table"
    static const std::set<std::string> kBegin{"the", "a", "an", "it", "them", "each", "every", "its", "their", "this", "that", "which", "both", "all"};
    const bool begins = at + 1 < words.size() && (kBegin.contains(words[at + 1]) || number_words(words, at + 1));
    if (!begins) return {};
  }
  return out;
}

WordMatch<VerbWords> verb_words(const SceneWords& words, size_t at) {
  if (at >= words.size()) return {};
  auto out = longest_words(verb_table(), words, at);
  if (words[at].starts_with("shade") || words[at].starts_with("shelter"))  // "two palms shade a boat", not "in the shade"
    if (!relation_words(words, at + 1) && words[at + 1] != "a" && words[at + 1] != "the" && words[at + 1] != "an" && !number_words(words, at + 1)) return {};
  // "covered with", "loaded with": of what follows.
  const auto past = past_table().find(words[at]);
  if (past != past_table().end() && at + 1 < words.size() && (words[at + 1] == "with" || words[at + 1] == "by"))
    return {1, {past->second, false, VerbWords::Form::past, false}};
  return out;
}

WordMatch<int> number_words(const SceneWords& words, size_t at) {
  const auto plain = [&](size_t i) -> WordMatch<int> {
    if (const auto found = longest_words(numbers(), words, i)) return found;
    if (i < words.size() && !words[i].empty() && words[i].size() <= 9 &&
        std::all_of(words[i].begin(), words[i].end(), [](char c) { return c >= '0' && c <= '9'; }))
      return {1, std::stoi(words[i])};
    return {};
  };
  // "a row of five", "two pairs of", "a stack of".
  static const std::map<std::string, int> kSets{
      {"row", 3},   {"line", 3}, {"set", 3},   {"group", 3}, {"stack", 3},      {"pile", 3},   {"heap", 3},  {"circle", 5},  {"ring", 5},    {"cluster", 3},
      {"bunch", 3}, {"herd", 4}, {"flock", 4}, {"pack", 3},  {"collection", 4}, {"series", 3}, {"team", 3},  {"crowd", 5},   {"pair", 2},    {"pairs", 2},
      {"trio", 3},  {"rows", 3}, {"lines", 3}, {"sets", 3},  {"groups", 3},     {"stacks", 3}, {"piles", 3}, {"circles", 5}, {"clusters", 3}};
  size_t i = at;
  const auto first = plain(at);
  int times = 1;
  if (first && words[at] != "the") times = first.value, i += first.length;
  while (i < words.size() && (words[i] == "little" || words[i] == "small" || words[i] == "neat" || words[i] == "long" || words[i] == "matching")) ++i;
  if (i + 1 < words.size() && (first || at == i) && words[i + 1] == "of")
    if (const auto set = kSets.find(words[i]); set != kSets.end() && (first || words[i] == "rows")) {
      const auto more = plain(i + 2);
      const bool counted = more && words[i + 2] != "a" && words[i + 2] != "an" && words[i + 2] != "both";
      return {i + 2 - at + (counted ? more.length : 0), static_cast<int>(std::min<int64_t>(int64_t{times} * (counted ? more.value : set->second), 999999999))};
    }
  if (first && first.value >= 20 && first.value <= 90 && first.value % 10 == 0 && at + 1 < words.size())
    if (const auto unit = plain(at + 1);
        unit && unit.length == 1 && unit.value < 10 && words[at + 1] != "a" && words[at + 1] != "an" && words[at + 1] != "both")
      return {2, first.value + unit.value};
  return first;
}

}  // namespace ptah
