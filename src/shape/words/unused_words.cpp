#include "shape/words/unused_words.h"

#include <algorithm>

#include "base/text.h"
#include "shape/material.h"
#include "shape/words/stated.h"

namespace ptah {

namespace {

/// Runs of letters.
std::vector<SentenceWord> placed_words(const std::string& sentence) {
  std::vector<SentenceWord> out = sentence_words(sentence);
  std::erase_if(out, [](const SentenceWord& word) { return !word.is_letters(); });
  return out;
}

/// What carries no meaning of its own in a request, numbers, units and words of place, which are read elsewhere.
const std::set<std::string>& function_words() {
  static const std::set<std::string> kWords{
      "a",         "an",     "the",    "of",      "with",    "and",     "in",      "on",    "at",       "to",      "for",      "from",    "by",    "its",
      "it",        "his",    "her",    "my",      "our",     "your",    "their",   "some",  "any",      "each",    "every",    "both",    "very",  "quite",
      "really",    "rather", "please", "make",    "made",    "create",  "draw",    "build", "model",    "design",  "give",     "show",    "get",   "i",
      "we",        "you",    "me",     "us",      "need",    "want",    "would",   "could", "can",      "like",    "one",      "ones",    "that",  "this",
      "these",     "those",  "which",  "whose",   "is",      "are",     "was",     "has",   "have",     "having",  "be",       "been",    "as",    "so",
      "or",        "but",    "there",  "s",       "t",       "d",       "m",       "cm",    "mm",       "dm",      "metre",    "metres",  "meter", "meters",
      "inch",      "inches", "foot",   "feet",    "ft",      "under",   "beside",  "next",  "left",     "right",   "front",    "behind",  "above", "below",
      "inside",    "top",    "side",   "sides",   "two",     "three",   "four",    "five",  "six",      "seven",   "eight",    "nine",    "ten",   "eleven",
      "twelve",    "half",   "dozen",  "hundred", "high",    "tall",    "wide",    "broad", "deep",     "long",    "across",   "height",  "width", "depth",
      "length",    "size",   "piece",  "pair",    "kind",    "type",    "sort",    "style", "object",   "thing",   "item",     "picture", "image", "render",
      "rendering", "about",  "around", "exactly", "looking", "looks",   "colour",  "color", "coloured", "colored", "material", "called",  "all",   "out",
      "up",        "down",   "into",   "onto",    "over",    "between", "without", "no",    "not",      "only",    "just",     "also",    "too"};
  return kWords;
}

std::string stem(const std::string& word) {
  if (word.size() > 4 && word.ends_with("ies")) return word.substr(0, word.size() - 3) + "y";
  if (word.size() > 4 && (word.ends_with("ches") || word.ends_with("shes") || word.ends_with("xes") || word.ends_with("sses")))
    return word.substr(0, word.size() - 2);
  return word.size() > 3 && word.ends_with("s") && !word.ends_with("ss") ? word.substr(0, word.size() - 1) : word;
}

void add_words(std::set<std::string>& to, const std::string& text) {
  for (const SentenceWord& word : placed_words(text)) to.insert(stem(word.text));
}

/// What people call a material besides its name: oak is wood, too.
void add_family(std::set<std::string>& to, const std::string& word) {
  const auto material = material_of(word);
  if (!material) return;
  if (material->texture == SolidTexture::wood || material->texture == SolidTexture::planks) to.insert({"wood", "wooden", "timber"});
  if (material->texture == SolidTexture::stone || material->texture == SolidTexture::granite || material->texture == SolidTexture::marble) to.insert("stone");
  if (material->metallic >= 0.3F) to.insert({"metal", "metallic"});
}

/// The ways to say the value of one parameter.
void add_ways(std::set<std::string>& to, const ShapeParameter& p, const ShapeValue& value, const KindPhrases& kind, const ShapePhrases& phrases) {
  if (value.kind == ShapeValue::Kind::word) add_words(to, value.word);
  const auto said = kind.parameters.find(p.name);
  if (said == kind.parameters.end()) return;
  const std::string word = value.kind == ShapeValue::Kind::boolean ? (value.number != 0 ? "true" : "false") : value.word;
  const bool is_number = value.kind == ShapeValue::Kind::number;
  for (const auto& [what, ways] : said->second)
    if (is_number || what == word || what == "any")
      for (const Phrase& way : ways) add_words(to, way.text);
  if (const auto colour = phrases.colours().find(word); colour != phrases.colours().end())
    for (const std::string& name : colour->second) add_words(to, name);
  if (const auto material = phrases.materials().find(word); material != phrases.materials().end()) {
    for (const std::string& name : material->second.before) add_words(to, name);
    for (const std::string& name : material->second.behind) add_words(to, name);
    add_family(to, word);
  }
}

std::set<std::string> explained_words(const Writing& writing, const ShapeKinds& kinds, const ShapePhrases& phrases) {
  std::set<std::string> out;
  for (const WrittenThing& thing : writing.things) {
    const auto kind = kinds.find(thing.kind);
    if (!kind) continue;
    const KindPhrases& of_kind = phrases.of(thing.kind);
    add_words(out, thing.kind);
    for (const auto* texts : {&of_kind.nouns, &of_kind.descriptions})
      for (const std::string& text : *texts) add_words(out, text);
    for (const ShapeParameter& p : (*kind)->parameters) {
      const auto given = std::find_if(thing.given.begin(), thing.given.end(), [&](const auto& g) { return g.first == p.name; });
      const ShapeValue& value = given == thing.given.end() ? p.value : given->second;
      if (given == thing.given.end() && value.kind == ShapeValue::Kind::number) continue;  // usual heights are neither tall nor low
      if (given != thing.given.end()) add_words(out, p.name);
      add_ways(out, p, value, of_kind, phrases);
    }
  }
  return out;
}

}  // namespace

std::vector<std::string> words_to_explain(const std::string& sentence, const Writing& writing, const ShapeKinds& kinds, const ShapePhrases& phrases) {
  const std::set<std::string> explained = explained_words(writing, kinds, phrases);
  std::vector<std::string> out;
  for (const SentenceWord& word : placed_words(sentence))
    if (!function_words().contains(word.text) && !explained.contains(stem(word.text)) && std::find(out.begin(), out.end(), word.text) == out.end())
      out.push_back(word.text);
  return out;
}

std::string without_word(const std::string& sentence, const std::string& word) {
  std::string out;
  size_t from = 0;
  for (const SentenceWord& found : placed_words(sentence)) {
    if (found.text != word) continue;
    out += sentence.substr(from, found.begin - from);
    from = found.end;
    while (from < sentence.size() && (sentence[from] == ' ' || sentence[from] == ',')) ++from;
  }
  out += sentence.substr(from);
  return out;
}

std::optional<SizeWord> size_word(const std::string& sentence) {
  static const std::map<std::string, double> kScales{{"small", 0.75}, {"little", 0.75}, {"tiny", 0.5},      {"mini", 0.5}, {"miniature", 0.5},
                                                     {"wee", 0.5},    {"big", 1.33},    {"large", 1.33},    {"huge", 2},   {"giant", 2},
                                                     {"enormous", 2}, {"gigantic", 2},  {"oversized", 1.33}};
  static const std::set<std::string> kEnds{"with", "that", "which", "whose", "having", "on", "in", "under", "beside", "and", "next", "made", "of", "has", "is"};
  for (const SentenceWord& word : placed_words(sentence)) {
    if (kEnds.contains(word.text)) return std::nullopt;
    if (const auto found = kScales.find(word.text); found != kScales.end()) return SizeWord{word.text, found->second};
  }
  return std::nullopt;
}

}  // namespace ptah
