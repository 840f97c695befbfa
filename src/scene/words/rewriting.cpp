#include "scene/words/rewriting.h"

#include <set>

namespace ptah {

namespace {

using Words = std::vector<std::string>;

bool is_article(const std::string& word) { return word == "a" || word == "an"; }

/// "sofa's" without its ending; empty for another word.
std::string owner_of(const std::string& word) {
  if (word.size() > 2 && word.ends_with("'s")) return word.substr(0, word.size() - 2);
  if (word.size() > 2 && word.ends_with("s'")) return word.substr(0, word.size() - 1);
  return {};
}

/// A part of a thing that a possessive names; how many words it has, 0 for none.
size_t part_at(const SceneWords& words, size_t at) {
  static const std::set<std::string> kParts{"left", "right",   "side",   "sides",  "front",  "back",   "foot", "head",    "top",
                                            "end",  "ends",    "rear",   "edge",   "corner", "base",   "seat", "surface", "roof",
                                            "lid",  "corners", "middle", "centre", "center", "bottom", "door", "window"};
  if (!kParts.contains(words[at])) return 0;
  size_t n = 1;
  if ((words[at] == "left" || words[at] == "right") && words[at + 1] == "hand") ++n;
  if ((words[at] == "left" || words[at] == "right") && words[at + n] == "side") ++n;
  return n;
}

/// Possessives of things.
SceneWords without_possessives(const SceneWords& words, const SceneLexicon& lexicon) {
  SceneWords out;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string owner = owner_of(words[i]);
    const size_t part = owner.empty() ? 0 : part_at(words, i + 1);
    // The words of the owner that were copied already: "the coffee" of "the coffee table's".
    size_t from = out.size();
    while (from > 0 && out.size() - from < 4 && out[from - 1] != "the" && !is_article(out[from - 1]) && out[from - 1] != "its") --from;
    const bool article = from > 0 && (out[from - 1] == "the" || is_article(out[from - 1]) || out[from - 1] == "its");
    SceneWords named(out.begin() + static_cast<std::ptrdiff_t>(from), out.end());
    named.push_back(owner);
    bool is_thing = false;
    for (size_t k = 0; k < named.size() && part > 0 && article; ++k) {
      const auto noun = lexicon.noun(named, k);
      is_thing = is_thing || (noun && noun.value.is == NounEntry::Kind::thing && k + noun.length == named.size());
    }
    if (!is_thing) {
      out.push_back(words[i]);
      continue;
    }
    const std::string determiner = out[from - 1];
    out.resize(from - 1);
    const bool behind_relation = !out.empty() && (out.back() == "to" || out.back() == "on" || out.back() == "at" || out.back() == "by" || out.back() == "in" ||
                                                  out.back() == "from" || out.back() == "near");
    if (behind_relation) {
      out.push_back("the");
      for (size_t k = 0; k < part; ++k) out.push_back(words[i + 1 + k]);
      out.push_back("of");
    }
    out.push_back(determiner);
    out.insert(out.end(), named.begin(), named.end());
    i += part;
  }
  return out;
}

/// How many words of description begin here, without a noun.
size_t adjectives_at(const SceneWords& words, size_t at, const SceneLexicon& lexicon) {
  size_t n = 0;
  while (at + n < words.size()) {
    const auto colour = lexicon.colour(words, at + n), material = lexicon.material(words, at + n, false);
    const size_t step = std::max({colour.length, material.length, size_t{lexicon.is_size(words[at + n]) ? 1U : 0U}});
    if (step == 0) break;
    n += step;
  }
  return n;
}

/// Descriptions that share the noun of the last one.
SceneWords with_nouns(const SceneWords& words, const SceneLexicon& lexicon) {
  SceneWords out;
  for (size_t i = 0; i < words.size();) {
    struct Part {
      size_t begin, end;
    };
    std::vector<Part> parts;  // "a red", "a green", "a blue"
    size_t at = i;
    const auto begins = [&](size_t k) { return is_article(words[k]) || words[k] == "one"; };
    while (begins(at)) {
      const size_t n = adjectives_at(words, at + 1, lexicon);
      if (n == 0) break;
      parts.push_back({at, at + 1 + n});
      at += 1 + n;
      size_t next = at;
      if (words[next] == ",") ++next;
      if (words[next] == "and") ++next;
      if (next == at || !begins(next)) break;
      at = next;
    }
    const auto noun = parts.size() > 1 && at == parts.back().end ? lexicon.noun(words, at) : WordMatch<NounEntry>{};
    if (!noun || noun.value.is != NounEntry::Kind::thing || noun.value.plural || words[at] == "one") {
      out.push_back(words[i++]);
      continue;
    }
    for (size_t p = 0; p < parts.size(); ++p) {
      out.insert(out.end(), words.begin() + static_cast<std::ptrdiff_t>(parts[p].begin), words.begin() + static_cast<std::ptrdiff_t>(parts[p].end));
      out.insert(out.end(), words.begin() + static_cast<std::ptrdiff_t>(at), words.begin() + static_cast<std::ptrdiff_t>(at + noun.length));
      if (p + 1 < parts.size())
        out.insert(out.end(), words.begin() + static_cast<std::ptrdiff_t>(parts[p].end), words.begin() + static_cast<std::ptrdiff_t>(parts[p + 1].begin));
    }
    i = at + noun.length;
  }
  return out;
}

}  // namespace

SceneWords in_full(const SceneWords& words, const SceneLexicon& lexicon) { return with_nouns(without_possessives(words, lexicon), lexicon); }

}  // namespace ptah
