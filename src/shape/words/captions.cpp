#include "shape/words/captions.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "shape/material.h"

namespace ptah {

namespace {

template <class List>
const auto& any(const List& list, Random& random) {
  return list[random.below(static_cast<uint32_t>(list.size()))];
}

/// The first at least every other time: people have a usual word for most things.
const std::string& usually_first(const std::vector<std::string>& list, Random& random) { return random.uniform() < 0.45F ? list.front() : any(list, random); }

bool is_colour_parameter(const ShapeParameter& p) { return std::find(p.choices.begin(), p.choices.end(), "red") != p.choices.end(); }
bool is_material_parameter(const ShapeParameter& p) { return std::find(p.choices.begin(), p.choices.end(), "oak") != p.choices.end(); }
bool is_switch(const ShapeParameter& p) { return p.value.kind == ShapeValue::Kind::boolean; }
void take_phrases(std::vector<Phrase>& to, const Json& object, const char* key, Phrase::Place place) {
  for (const Json& text : object.value(key, Json::array())) to.push_back({place, text.get<std::string>()});
}

std::vector<Phrase> phrases_of(const Json& object) {
  std::vector<Phrase> out;
  take_phrases(out, object, "before", Phrase::Place::before);
  take_phrases(out, object, "after", Phrase::Place::behind);
  take_phrases(out, object, "noun", Phrase::Place::noun);
  return out;
}

/// One parameter of captions.json. Throws Json::exception.
void read_parameter(KindPhrases& kind, const std::string& name, const Json& entry) {
  auto& said = kind.parameters[name];
  if (entry.value("type", "") == "count") kind.counts.insert(name);
  for (const Json& material : entry.value("unsaid", Json::array())) kind.unsaid[name].insert(material.get<std::string>());
  const Json needs = entry.value("needs", Json::object());
  for (const auto& [other, values] : needs.items()) kind.needs[name][other] = values.get<std::vector<std::string>>();
  const Json values = entry.value("values", Json::object());
  for (const auto& [word, phrases] : values.items()) said[word] = phrases_of(phrases);
  if (const std::string type = entry.value("type", ""); type == "color" || type == "material") said["any"] = phrases_of(entry);
  for (const char* end : {"low", "high"})
    if (entry.contains(end)) {
      said[end] = phrases_of(entry.at(end));
      (end[0] == 'l' ? kind.ends[name].first : kind.ends[name].second) = entry.at(end).at("value").get<double>();
    }
  for (const char* key : {"value", "one", "none"}) take_phrases(said[key], entry, key, Phrase::Place::behind);
  for (auto at = said.begin(); at != said.end();) at = at->second.empty() ? said.erase(at) : std::next(at);
}

}  // namespace

Result<ShapePhrases> ShapePhrases::read(const Json& json, const ShapeKinds& kinds) {
  ShapePhrases out;
  std::string where;
  try {
    for (const std::string& word : colour_words())
      if (word != "grey") out.colours_[word] = {word};
    for (const auto& [word, names] : json.at("colors").items()) out.colours_[word] = names.get<std::vector<std::string>>();
    for (const auto& [word, entry] : json.at("materials").items())
      out.materials_[word] = {entry.at("before").get<std::vector<std::string>>(), entry.at("behind").get<std::vector<std::string>>()};
    for (const auto& [word, names] : out.colours_)
      if (names.empty()) return fail(ErrorCode::corrupt, "captions: the colour '{}' has no words", word);
    for (const auto& [word, names] : out.materials_)
      if (names.before.empty() || names.behind.empty()) return fail(ErrorCode::corrupt, "captions: the material '{}' has no words", word);
    for (const auto& [name, kind] : kinds.kinds()) {
      where = " of " + name;
      const Json& entry = json.at("kinds").at(name);
      KindPhrases phrases;
      phrases.nouns.push_back(entry.at("noun").get<std::string>());
      for (const Json& synonym : entry.value("synonyms", Json::array())) phrases.nouns.push_back(synonym.get<std::string>());
      for (const Json& text : entry.value("descriptions", Json::array())) phrases.descriptions.push_back(text.get<std::string>());
      for (const auto& [parameter, said] : entry.at("parameters").items()) {
        const bool known =
            std::any_of(kind.parameters.begin(), kind.parameters.end(), [&, &said_of = parameter](const ShapeParameter& p) { return p.name == said_of; });
        if (!known) return fail(ErrorCode::corrupt, "captions{}: it has no parameter '{}'", where, parameter);
        read_parameter(phrases, parameter, said);
        for (const auto& [other, values] : phrases.needs[parameter])
          if (values.empty() ||
              std::none_of(kind.parameters.begin(), kind.parameters.end(), [&, &needed = other](const ShapeParameter& p) { return p.name == needed; }))
            return fail(ErrorCode::corrupt, "captions{}: '{}' needs '{}', which is no parameter with values", where, parameter, other);
      }
      out.nouns_.insert(phrases.nouns.begin(), phrases.nouns.end());
      for (const auto& [parameter, said] : phrases.parameters)
        for (const auto& [what, ways] : said)
          for (const Phrase& way : ways)
            if (way.place == Phrase::Place::noun) out.nouns_.insert(way.text);
      out.kinds_[name] = std::move(phrases);
    }
  } catch (const Json::exception& problem) {
    return fail(ErrorCode::corrupt, "captions{}: {}", where, problem.what());
  }
  return out;
}

namespace {

constexpr std::array<const char*, 13> kNumberWords{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"};

std::string number_word(int n, Random& random) {
  if (n < static_cast<int>(kNumberWords.size()) && random.uniform() < 0.7F) return kNumberWords[static_cast<size_t>(n)];
  return std::to_string(n);
}

/// What is said of one parameter: how, and the value that it means.
struct Said {
  Phrase phrase;
  ShapeValue value;
};

/// "45 cm", "1.2 metres".
std::string length_words(double metres, Random& random) {
  if (metres < 1 && random.uniform() < 0.8F) return fmt::format("{:g} {}", std::round(metres * 100), random.uniform() < 0.7F ? "cm" : "centimetres");
  static constexpr std::array<const char*, 4> kUnits{"m", "metres", "meters", "m"};
  return fmt::format("{:g} {}", std::round(metres * 100) / 100, any(kUnits, random));
}

std::optional<Said> say_number(const ShapeParameter& p, const KindPhrases& kind, Random& random) {
  const auto& phrases = kind.parameters.at(p.name);
  const bool count = kind.counts.contains(p.name);
  Said out;
  const auto phrase = [&](const char* key) {
    const auto found = phrases.find(key);
    if (found == phrases.end()) return false;
    out.phrase = any(found->second, random);
    return true;
  };
  if (count ? random.uniform() < 0.85F : random.uniform() < 0.25F) {
    out.value.number = count ? p.low + random.below(static_cast<uint32_t>(p.high - p.low) + 1) : p.low + (p.high - p.low) * random.uniform();
    if (count && out.value.number == 0) return phrase("none") ? std::optional(out) : std::nullopt;
    if (count && out.value.number == 1 && phrase("one")) return out;
    if (phrase("value")) {
      replace_all(out.phrase.text, "{}", count ? number_word(static_cast<int>(out.value.number), random) : length_words(out.value.number, random));
      return out;
    }
  }
  const bool high = random.uniform() < 0.5F;
  const auto ends = kind.ends.find(p.name);
  if (ends == kind.ends.end() || !phrase(high ? "high" : "low")) return std::nullopt;
  out.value.number = std::clamp(high ? ends->second.second : ends->second.first, p.low, p.high);
  return out;
}

std::optional<Said> say(const ShapeParameter& p, const KindPhrases& kind, const ShapePhrases& all, Random& random) {
  const auto& phrases = kind.parameters.at(p.name);
  if (p.is_ranged()) return say_number(p, kind, random);
  Said out;
  out.value.kind = is_switch(p) ? ShapeValue::Kind::boolean : ShapeValue::Kind::word;
  if (is_colour_parameter(p) || is_material_parameter(p)) {
    const auto found = phrases.find("any");
    if (found == phrases.end()) return std::nullopt;
    out.phrase = any(found->second, random);
    const bool behind = out.phrase.place == Phrase::Place::behind;
    const bool material = is_material_parameter(p);
    const auto unsaid = kind.unsaid.find(p.name);
    std::vector<std::string> known;
    for (const std::string& choice : p.choices) {
      if (unsaid != kind.unsaid.end() && unsaid->second.contains(choice)) continue;
      // "plain" says too little, and "grey" is "gray".
      if (material ? choice != "plain" && all.materials().contains(choice) : all.colours().contains(choice)) known.push_back(choice);
    }
    if (known.empty()) return std::nullopt;
    out.value.word = any(known, random);
    const auto& words = !material ? all.colours().at(out.value.word)
                        : behind  ? all.materials().at(out.value.word).behind
                                  : all.materials().at(out.value.word).before;
    replace_all(out.phrase.text, "{}", usually_first(words, random));
    return out;
  }
  const std::string word = is_switch(p) ? (random.uniform() < 0.7F ? "true" : "false") : p.choices.empty() ? "" : any(p.choices, random);
  const auto found = phrases.find(word);
  if (found == phrases.end()) return std::nullopt;
  out.phrase = any(found->second, random);
  out.value.word = is_switch(p) ? "" : word;
  out.value.number = word == "true" ? 1 : 0;
  return out;
}

/// "a chair", "an oak chair", "something to sit on".
std::string with_article(const std::string& text) {
  for (const char* none : {"something ", "somewhere ", "what ", "where ", "pieces "})
    if (text.starts_with(none)) return text;
  const bool vowel = !text.empty() && std::string_view("aeiou").find(text[0]) != std::string_view::npos;
  return (vowel ? "an " : "a ") + text;
}

/// A request for what the text names.
std::string framed(const std::string& text, Random& random) {
  static constexpr auto kFrames = std::to_array<const char*>({"i need {}",
                                                              "can you make {}?",
                                                              "{}, low poly",
                                                              "please create {} for me",
                                                              "make {}",
                                                              "i want {}",
                                                              "create {}",
                                                              "draw me {}",
                                                              "{} please",
                                                              "{} for my game",
                                                              "a 3d model of {}",
                                                              "design {}",
                                                              "{}.",
                                                              "build {}",
                                                              "give me {}",
                                                              "generate {}",
                                                              "can i have {}?",
                                                              "i would like {}",
                                                              "show me {}",
                                                              "model {}",
                                                              "{}, cartoon style",
                                                              "{} to 3d print",
                                                              "{} as a game prop",
                                                              "how about {}?",
                                                              "get me {}",
                                                              "let me have {}",
                                                              "we need {}",
                                                              "{}, stylised"});
  std::string out = any(kFrames, random);
  replace_all(out, "{}", text);
  return out;
}

/// "loaf of bread" → "loaves of bread". What is plural already stays: "drapes".
std::string plural(const std::string& noun) {
  for (const char* joint : {" of ", " with ", " for ", " in "})
    if (const size_t at = noun.find(joint); at != std::string::npos) return plural(noun.substr(0, at)) + noun.substr(at);
  struct Irregular {
    const char *one, *many;
  };
  static constexpr auto kIrregular = std::to_array<Irregular>({{"human", "humans"},
                                                               {"man", "men"},
                                                               {"person", "people"},
                                                               {"knife", "knives"},
                                                               {"loaf", "loaves"},
                                                               {"shelf", "shelves"},
                                                               {"scarf", "scarves"},
                                                               {"calf", "calves"},
                                                               {"sheep", "sheep"},
                                                               {"fish", "fish"},
                                                               {"dice", "dice"},
                                                               {"cattle", "cattle"},
                                                               {"poultry", "poultry"},
                                                               {"footwear", "footwear"},
                                                               {"headgear", "headgear"},
                                                               {"luggage", "luggage"}});
  for (const Irregular& word : kIrregular)
    if (noun.ends_with(word.one)) return noun.substr(0, noun.size() - std::string_view(word.one).size()) + word.many;
  if (noun.ends_with("ss") || noun.ends_with("us") || noun.ends_with("x") || noun.ends_with("ch") || noun.ends_with("sh")) return noun + "es";
  if (noun.ends_with("s")) return noun;
  if (noun.ends_with("y") && noun.size() > 1 && std::string_view("aeiou").find(noun[noun.size() - 2]) == std::string_view::npos)
    return noun.substr(0, noun.size() - 1) + "ies";
  return noun + "s";
}

/// Whether a phrase has a parameter's name in it: "with a red cushion" has the cushion too.
bool names(const std::string& phrase, const std::string& parameter) {
  std::string word = parameter;
  std::replace(word.begin(), word.end(), '_', ' ');
  if (word.ends_with("s")) word.pop_back();
  return phrase.find(" " + word) != std::string::npos;
}

bool holds(const ShapeValue& value, const std::vector<std::string>& possible) {
  return std::any_of(possible.begin(), possible.end(), [&](const std::string& one) {
    if (one == "above 0") return value.number > 0;
    return value.kind == ShapeValue::Kind::boolean ? (value.number != 0) == (one == "true") : value.word == one;
  });
}

ShapeValue value_that_holds(const ShapeParameter& p, const std::string& one) {
  ShapeValue out;
  out.kind = p.value.kind;
  if (one == "above 0")
    out.number = std::max(1.0, std::round((p.low + p.high) / 2));
  else if (is_switch(p))
    out.number = one == "true" ? 1 : 0;
  else
    out.word = one;
  return out;
}

const ShapeValue& value_of(const ShapeKind& kind, const std::map<std::string, ShapeValue>& said, const std::string& name) {
  const auto found = said.find(name);
  return found == said.end() ? kind.parameter(name)->value : found->second;
}

/// What is said with one value more, and with what else is then so: red tiebacks belong to curtains that are drawn back. Empty if what was said before speaks
/// against it.
std::map<std::string, ShapeValue> with_needs(const ShapeKind& kind, const KindPhrases& phrases, const std::map<std::string, ShapeValue>& said,
                                             const std::string& name, const ShapeValue& value) {
  std::map<std::string, ShapeValue> out = said;
  out[name] = value;
  if (const auto needs = phrases.needs.find(name); needs != phrases.needs.end())
    for (const auto& [other, possible] : needs->second) {
      if (holds(value_of(kind, out, other), possible)) continue;
      if (out.contains(other)) return {};
      out[other] = value_that_holds(*kind.parameter(other), possible.front());
    }
  for (const auto& [one, its] : out)
    if (const auto needs = phrases.needs.find(one); needs != phrases.needs.end())
      for (const auto& [other, possible] : needs->second)
        if (!holds(value_of(kind, out, other), possible)) return {};
  return out;
}

/// One thing in words, without its article, and what it means.
std::string thing(const ShapeKind& kind, const ShapePhrases& all, WrittenThing& written, int max_parameters, Random& random) {
  written.kind = kind.name;
  const KindPhrases& phrases = all.of(kind.name);
  std::string noun = usually_first(phrases.nouns, random);
  const bool described = !phrases.descriptions.empty() && written.count == 1 && random.uniform() < 0.4F;
  if (described) noun = any(phrases.descriptions, random);
  // Which parameters are named, in any order.
  std::vector<const ShapeParameter*> chosen;
  for (const ShapeParameter& p : kind.parameters)
    if (phrases.parameters.contains(p.name)) chosen.push_back(&p);
  for (size_t i = chosen.size(); i > 1; --i) std::swap(chosen[i - 1], chosen[random.below(static_cast<uint32_t>(i))]);
  // Colours are what people name first.
  if (random.uniform() < 0.4F)
    std::stable_partition(chosen.begin(), chosen.end(), [](const ShapeParameter* p) { return p->name == "color" || p->name == "finish"; });
  std::vector<std::string> before, behind;
  std::map<std::string, ShapeValue> said;
  bool replaced = described;  // no other noun
  for (const ShapeParameter* p : chosen) {
    if (static_cast<int>(said.size()) >= max_parameters) break;
    if (said.contains(p->name)) continue;
    const auto one = say(*p, phrases, all, random);
    if (!one || (one->phrase.place == Phrase::Place::noun && replaced)) continue;
    auto now = with_needs(kind, phrases, said, p->name, one->value);
    if (now.empty()) continue;
    said = std::move(now);
    if (one->phrase.place == Phrase::Place::noun) {
      noun = one->phrase.text;
      replaced = true;
    } else {
      (one->phrase.place == Phrase::Place::before ? before : behind).push_back(one->phrase.text);
    }
    if (is_colour_parameter(*p) || is_material_parameter(*p))
      for (const ShapeParameter& part : kind.parameters)
        if (is_switch(part) && !said.contains(part.name) && names(one->phrase.text, part.name))
          if (auto more = with_needs(kind, phrases, said, part.name, {ShapeValue::Kind::boolean, 1, "", {}}); !more.empty()) said = std::move(more);
  }
  if (written.count > 1) noun = plural(noun);
  for (const ShapeParameter& p : kind.parameters)
    if (const auto found = said.find(p.name); found != said.end()) written.given.emplace_back(p.name, found->second);
  std::string out;
  for (const std::string& word : before) out += word + " ";
  out += noun;
  for (size_t i = 0; i < behind.size(); ++i) {
    std::string phrase = behind[i];
    if (i > 0 && phrase.starts_with("with ") && behind[i - 1].starts_with("with") && random.uniform() < 0.6F) phrase = "and " + phrase.substr(5);
    out += " " + phrase;
  }
  return out;
}

}  // namespace

Caption random_caption(const ShapeKinds& kinds, const ShapePhrases& phrases, Random& random) {
  const auto pick = [&]() -> const ShapeKind& {
    auto at = kinds.kinds().begin();
    std::advance(at, random.below(static_cast<uint32_t>(kinds.kinds().size())));
    return at->second;
  };
  Caption out;
  const float toss = random.uniform();
  const size_t things = toss < 0.8F ? 1 : 2;
  for (size_t i = 0; i < things; ++i) {
    WrittenThing written;
    if (things == 1 ? random.uniform() < 0.06F : random.uniform() < 0.08F) written.count = 2 + static_cast<int>(random.below(5));
    const int max_parameters = things == 1 ? static_cast<int>(random.below(5)) : static_cast<int>(random.below(3));
    const ShapeKind& kind = pick();
    const std::string words = thing(kind, phrases, written, max_parameters, random);
    std::string said = written.count > 1 ? number_word(written.count, random) + " " + words : with_article(words);
    if (i == 0 && written.count == 1 && random.uniform() < 0.25F) said = words;
    if (i > 0) {
      struct Joint {
        const char *relation, *words;
      };
      static constexpr std::array<Joint, 14> kJoints{{{"on", "under"},
                                                      {"under", "on"},
                                                      {"under", "on top of"},
                                                      {"right", "and"},
                                                      {"right", "next to"},
                                                      {"right", "beside"},
                                                      {"right", "with"},
                                                      {"left", "to the right of"},
                                                      {"right", "to the left of"},
                                                      {"behind", "in front of"},
                                                      {"front", "behind"},
                                                      {"on", "with"},
                                                      {"on", "below"},
                                                      {"under", "standing on"}}};
      // "a cup on a table": the table, the second, is under the cup. A program places the second relative to the first.
      const Joint& joint = kJoints[random.below(static_cast<uint32_t>(kJoints.size()))];
      if (std::string_view(joint.words) == "with" && std::string_view(joint.relation) == "on")
        said.insert(0, "with ").append(" on it");
      else
        said.insert(0, " ").insert(0, joint.words);
      written.relation = joint.relation;
    }
    out.text += (out.text.empty() ? "" : " ") + said;
    out.writing.things.push_back(std::move(written));
  }
  if (random.uniform() < 0.3F) out.text = framed(out.text, random);
  return out;
}

std::string random_refusal(const std::string& thing, const ShapePhrases& phrases, Random& random) {
  std::string noun = thing;
  for (const char* article : {"a ", "an "})
    if (noun.starts_with(article)) noun = noun.substr(std::string_view(article).size());
  // Longer lines are sentences, or have words before their noun.
  const bool plain = noun != thing && std::count(noun.begin(), noun.end(), ' ') < 2;
  if (!plain) return thing;
  std::string out = thing;
  if (random.uniform() < 0.3F) {
    const bool colour = phrases.materials().empty() || random.uniform() < 0.6F;
    const auto pick = [&](const auto& list) -> const auto& {
      auto at = list.begin();
      std::advance(at, random.below(static_cast<uint32_t>(list.size())));
      return at->second;
    };
    const std::string word = usually_first(colour ? pick(phrases.colours()) : pick(phrases.materials()).before, random);
    if (const std::string decorated = word + " " + noun; !phrases.is_noun(decorated)) out = with_article(decorated);
  }
  return random.uniform() < 0.3F ? framed(out, random) : out;
}

}  // namespace ptah
