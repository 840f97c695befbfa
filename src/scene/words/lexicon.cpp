#include "scene/words/lexicon.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>

#include "base/file.h"
#include "base/text.h"
#include "shape/material.h"

namespace ptah {

namespace {

constexpr size_t kLongestPhrase = 6;

std::string joined_words(const SceneWords& words, size_t from, size_t count) {
  std::string out;
  for (size_t i = from; i < std::min(words.size(), from + count); ++i) out += (out.empty() ? "" : " ") + words[i];
  return out;
}

/// The longest of a table's phrases that begins at a word.
template <class T>
WordMatch<T> longest(const std::map<std::string, T>& table, const SceneWords& words, size_t at) {
  for (size_t n = std::min(kLongestPhrase, words.size() - std::min(words.size(), at)); n > 0; --n)
    if (const auto found = table.find(joined_words(words, at, n)); found != table.end()) return {n, found->second};
  return {};
}

std::string normal(const std::string& text) {
  const SceneWords words = scene_words(text);
  return joined_words(words, 0, words.size());
}

std::string plural_word(const std::string& word) {
  static const std::map<std::string, std::string> kIrregular{
      {"person", "people"},         {"man", "men"},      {"woman", "women"}, {"child", "children"}, {"mouse", "mice"},  {"goose", "geese"},
      {"shelf", "shelves"},         {"knife", "knives"}, {"loaf", "loaves"}, {"wolf", "wolves"},    {"sheep", "sheep"}, {"fish", "fish"},
      {"bookshelf", "bookshelves"}, {"leaf", "leaves"},  {"die", "dice"},    {"calf", "calves"}};
  if (const auto found = kIrregular.find(word); found != kIrregular.end()) return found->second;
  const auto ends = [&](std::string_view e) { return word.ends_with(e); };
  if (ends("s") || ends("x") || ends("ch") || ends("sh") || ends("z")) return word + "es";
  if (ends("y") && word.size() > 1 && std::string("aeiou").find(word[word.size() - 2]) == std::string::npos) return word.substr(0, word.size() - 1) + "ies";
  if (ends("man")) return word.substr(0, word.size() - 2) + "en";
  return word + "s";
}

/// "chest of drawers" has its plural in the first word, "coffee table" in the last.
std::string plural_of(const std::string& name) {
  const size_t of = std::min({name.find(" of "), name.find(" with "), name.find(" in "), name.find(" for ")});
  const std::string head = name.substr(0, of), tail = of == std::string::npos ? "" : name.substr(of);
  const size_t blank = head.rfind(' ');
  return (blank == std::string::npos ? plural_word(head) : head.substr(0, blank + 1) + plural_word(head.substr(blank + 1))) + tail;
}

/// Synonyms that mean something else in a sentence about a scene.
const std::set<std::string>& misleading() {
  static const std::set<std::string> words{"top",   "keep",  "home",     "mobile", "cycle", "dwelling", "case", "lock",  "mill",  "peak",
                                           "mount", "bloom", "crossing", "volume", "sub",   "mat",      "die",  "adult", "chime", "light"};
  return words;
}

}  // namespace

void SceneLexicon::add_noun(const std::string& name, const NounEntry& entry) {
  const std::string singular = normal(name);
  if (singular.empty() || misleading().contains(singular)) return;
  nouns_.emplace(singular, entry);
  NounEntry several = entry;
  several.plural = true;
  nouns_.emplace(normal(plural_of(singular)), several);
}

Result<SceneLexicon> SceneLexicon::load(const std::filesystem::path& shapes, std::shared_ptr<const ShapeKinds> kinds, const ScenePlaces& places) {
  PTAH_TRY(const std::string text, read_text(shapes / "captions.json", size_t{8} << 20));
  PTAH_TRY(const Json json, parse_json(text));
  SceneLexicon out;
  PTAH_TRY(out.phrases_, ShapePhrases::read(json, *kinds));
  out.kinds_ = std::move(kinds);
  using Kind = NounEntry::Kind;
  const std::pair<const char*, Kind> parts[] = {
      {"wall", Kind::wall},     {"corner", Kind::corner},     {"middle", Kind::middle},      {"centre", Kind::middle},       {"center", Kind::middle},
      {"window", Kind::window}, {"door", Kind::door},         {"floor", Kind::floor},        {"ground", Kind::floor},        {"ceiling", Kind::ceiling},
      {"doorway", Kind::door},  {"windowsill", Kind::window}, {"window sill", Kind::window}, {"window ledge", Kind::window}, {"window seat", Kind::window}};
  for (const auto& [name, kind] : parts) {
    NounEntry entry;
    entry.is = kind;
    out.add_noun(name, entry);
  }
  out.add_surfaces();
  for (const auto& [name, room] : places.room_words()) {
    NounEntry entry;
    entry.is = Kind::room;
    entry.room = room;
    out.add_noun(name, entry);
  }
  for (const auto& [name, noun] : places.nouns()) {
    NounEntry entry;
    entry.noun = noun;
    const std::string plain = normal(name);
    if (noun.kind.empty()) continue;
    out.nouns_[plain] = entry;
    entry.plural = true;
    out.nouns_[normal(plural_of(plain))] = entry;
  }
  // Usual names first, so that a synonym of one kind does not hide the name of another.
  for (const bool usual : {true, false})
    for (const auto& [name, kind] : out.kinds_->kinds()) {
      NounEntry entry;
      entry.noun.kind = name;
      const KindPhrases& phrases = out.phrases_->of(name);
      std::string plain = name;
      std::replace(plain.begin(), plain.end(), '_', ' ');
      if (usual) out.add_noun(plain, entry), out.add_noun(phrases.nouns.front(), entry);
      if (usual) continue;
      for (const std::string& noun : phrases.nouns) out.add_noun(noun, entry);
      for (const auto& [parameter, said] : phrases.parameters)
        for (const auto& [what, ways] : said)
          for (const Phrase& way : ways) {
            if (way.place != Phrase::Place::noun || way.text.find("{}") != std::string::npos) continue;
            const ShapeParameter* p = out.parameter(name, parameter);
            NounEntry formed = entry;
            if (p && p->value.kind == ShapeValue::Kind::boolean) formed.noun.set[parameter] = what == "true";
            if (p && !p->choices.empty()) formed.noun.set[parameter] = what;
            out.add_noun(way.text, formed);
          }
    }
  // Words for things of many kinds: a list behind them says which.
  for (const char* name : {"toy", "thing", "item", "object", "animal", "piece of furniture", "ornament", "decoration", "belonging", "vehicle", "following"}) {
    NounEntry entry;
    entry.is = Kind::collective;
    out.add_noun(name, entry);
  }
  for (const char* name : {"furniture", "stuff", "tableware"}) {
    NounEntry entry;
    entry.is = Kind::collective;
    out.nouns_.emplace(name, entry);
  }
  for (const auto& [word, names] : out.phrases_->colours())
    for (const std::string& name : names) out.colours_.emplace(normal(name), word);
  for (const char* name : {"grey", "dark grey", "light grey"}) out.colours_[name] = "gray";
  for (const auto& [word, names] : out.phrases_->materials()) {
    for (const std::string& name : names.before) out.materials_before_.emplace(normal(name), word);
    for (const std::string& name : names.behind) out.materials_behind_.emplace(normal(name), word);
    out.materials_before_.emplace(word, word);
    out.materials_behind_.emplace(word, word);
  }
  for (const auto& [key, words] : json.at("sizes").items())
    for (const Json& word : words) out.sizes_[word.get<std::string>()] = key == "big";
  out.sizes_["spacious"] = true;
  return out;
}

/// What floors and walls are covered with.
void SceneLexicon::add_surfaces() {
  using Kind = NounEntry::Kind;
  constexpr std::tuple<const char*, Kind, const char*> kSurfaces[] = {{"tile", Kind::floor, "tiles"},
                                                                      {"floor tile", Kind::floor, "tiles"},
                                                                      {"tiled floor", Kind::floor, "tiles"},
                                                                      {"floorboard", Kind::floor, "planks"},
                                                                      {"wooden board", Kind::floor, "planks"},
                                                                      {"parquet", Kind::floor, "planks"},
                                                                      {"parquet floor", Kind::floor, "planks"},
                                                                      {"plank floor", Kind::floor, "planks"},
                                                                      {"carpeted floor", Kind::floor, "wool"},
                                                                      {"carpet floor", Kind::floor, "wool"},
                                                                      {"fitted carpet", Kind::floor, "wool"},
                                                                      {"wall to wall carpet", Kind::floor, "wool"},
                                                                      {"cobblestone", Kind::floor, "cobblestone"},
                                                                      {"paving stone", Kind::floor, "stone"},
                                                                      {"flagstone", Kind::floor, "stone"},
                                                                      {"checkered floor", Kind::floor, "checker"},
                                                                      {"chequered floor", Kind::floor, "checker"},
                                                                      {"dirt floor", Kind::floor, "mud"},
                                                                      {"wallpaper", Kind::wall, "paper"},
                                                                      {"wall tile", Kind::wall, "tiles"},
                                                                      {"tiled wall", Kind::wall, "tiles"},
                                                                      {"wall panelling", Kind::wall, "wood"},
                                                                      {"brickwork", Kind::wall, "brick"},
                                                                      {"panelling", Kind::wall, "wood"}};
  for (const auto& [name, kind, material] : kSurfaces) {
    NounEntry entry;
    entry.is = kind, entry.room = material;
    add_noun(name, entry);
  }
  for (const char* name : {"grass", "sand", "snow", "pavement", "sidewalk", "gravel", "cobbles", "earth", "carpeting"}) {
    NounEntry ground;
    ground.is = Kind::floor;
    nouns_.emplace(name, ground);
  }
}

const ShapeParameter* SceneLexicon::parameter(const std::string& kind, const std::string& name) const {
  const auto found = kinds_->kinds().find(kind);
  if (found == kinds_->kinds().end()) return nullptr;
  for (const ShapeParameter& p : found->second.parameters)
    if (p.name == name) return &p;
  return nullptr;
}

WordMatch<NounEntry> SceneLexicon::noun(const SceneWords& words, size_t at) const { return longest(nouns_, words, at); }
WordMatch<std::string> SceneLexicon::colour(const SceneWords& words, size_t at) const { return longest(colours_, words, at); }
WordMatch<std::string> SceneLexicon::material(const SceneWords& words, size_t at, bool behind) const {
  return longest(behind ? materials_behind_ : materials_before_, words, at);
}

Json SceneLexicon::sized(const std::string& kind, bool big) const {
  Json out = Json::object();
  const auto found = kinds_->kinds().find(kind);
  if (found == kinds_->kinds().end()) return out;
  for (const bool wide : {true, false}) {
    for (const ShapeParameter& p : found->second.parameters) {
      const bool of_extent = p.name == "width" || p.name == "depth" || p.name == "length" || p.name == "size" || p.name == "wingspan";
      if (!p.is_ranged() || (wide ? !of_extent : p.name != "height")) continue;
      out[p.name] = std::round(std::clamp(p.value.number * (big ? 1.35 : 0.75), p.low, p.high) * 1000) / 1000;
    }
    // Low furniture grows to its sides, a thing that is mostly tall upwards too.
    if (!out.empty() && !found->second.parameters.empty() && wide) break;
  }
  return out;
}

/// The colour of a kind that is nearest to a material's.
std::string SceneLexicon::colour_like(const std::string& kind, const std::string& material) const {
  const ShapeParameter* p = parameter(kind, "color");
  const auto wanted = material_of(material);
  std::string best;
  float min_distance = 0.5F;
  if (!p || !wanted || material == "plain") return best;
  for (const std::string& choice : p->choices)
    if (const auto colour = colour_of(choice)) {
      const Vec3 d{(*colour)[0] - wanted->albedo[0], (*colour)[1] - wanted->albedo[1], (*colour)[2] - wanted->albedo[2]};
      if (length(d) < min_distance) min_distance = length(d), best = choice;
    }
  return best;
}

/// "2 m long", "two metres wide", "metre wide", "60 cm high", "six foot long".
WordMatch<Json> SceneLexicon::measure(const SceneWords& words, size_t at, const std::string& kind) const {
  static const std::map<std::string, double> kUnits{{"m", 1},     {"metre", 1},     {"metres", 1},    {"meter", 1},         {"meters", 1},
                                                    {"cm", 0.01}, {"foot", 0.3048}, {"feet", 0.3048}, {"centimetre", 0.01}, {"centimetres", 0.01}};
  static const std::map<std::string, std::vector<const char*>> kSides{{"wide", {"width"}},  {"long", {"length", "width"}}, {"high", {"height"}},
                                                                      {"tall", {"height"}}, {"deep", {"depth"}},           {"across", {"width"}}};
  size_t i = at;
  double amount = 1;
  if (const auto n = number(words, i)) {
    amount = n.value, i += n.length;
  } else if (words[i].find_first_not_of("0123456789.") == std::string::npos && !words[i].empty()) {
    amount = std::strtod(words[i].c_str(), nullptr), ++i;
  }
  const auto unit = kUnits.find(words[i]);
  const auto side = unit == kUnits.end() ? kSides.end() : kSides.find(words[i + 1]);
  if (side == kSides.end()) return {};
  for (const char* name : side->second)
    if (const ShapeParameter* p = parameter(kind, name); p && p->is_ranged()) return {i + 2 - at, {{name, std::clamp(amount * unit->second, p->low, p->high)}}};
  return {};
}

WordMatch<Json> SceneLexicon::before(const SceneWords& words, size_t at, size_t end, const std::string& kind) const {
  WordMatch<Json> best;
  const auto take = [&](size_t n, Json value) {
    if (n > best.length && at + n <= end) best = {n, std::move(value)};
  };
  if (const auto found = colour(words, at))
    if (const ShapeParameter* p = parameter(kind, "color"); p && std::find(p->choices.begin(), p->choices.end(), found.value) != p->choices.end())
      take(found.length, {{"color", found.value}});
  if (const auto found = material(words, at, false)) {
    const ShapeParameter* p = parameter(kind, "finish");
    if (p && std::find(p->choices.begin(), p->choices.end(), found.value) != p->choices.end())
      take(found.length, {{"finish", found.value}});
    else if (const std::string like = p ? "" : colour_like(kind, found.value); !like.empty())  // a stone lion has at least the colour of stone
      take(found.length, {{"color", like}});
  }
  if (kinds_->kinds().contains(kind)) {
    const KindPhrases& phrases = phrases_->of(kind);
    for (const auto& [name, said] : phrases.parameters)
      for (const auto& [what, ways] : said)
        for (const Phrase& way : ways) {
          if (way.place != Phrase::Place::before || way.text.find("{}") != std::string::npos) continue;
          const SceneWords pattern = scene_words(way.text);
          if (pattern.empty() || at + pattern.size() > words.size() ||
              !std::equal(pattern.begin(), pattern.end(), words.begin() + static_cast<std::ptrdiff_t>(at)))
            continue;
          const ShapeParameter* p = parameter(kind, name);
          const auto ends = phrases.ends.find(name);
          if (!p) continue;
          if (p->is_ranged()) {
            if (ends != phrases.ends.end() && (what == "low" || what == "high"))
              take(pattern.size(), {{name, what == "low" ? ends->second.first : ends->second.second}});
          } else if (p->value.kind == ShapeValue::Kind::boolean) {
            take(pattern.size(), {{name, what == "true"}});
          } else {
            take(pattern.size(), {{name, what}});
          }
        }
  }
  if (const auto measured = measure(words, at, kind)) take(measured.length, measured.value);
  if (!best && at < words.size()) {
    static const std::map<std::string, std::pair<const char*, double>> kExtents{
        {"long", {"width", 1.3}},   {"wide", {"width", 1.3}},  {"broad", {"width", 1.3}},   {"narrow", {"width", 0.75}}, {"tall", {"height", 1.25}},
        {"high", {"height", 1.25}}, {"low", {"height", 0.75}}, {"short", {"height", 0.75}}, {"deep", {"depth", 1.25}}};
    if (const auto found = kExtents.find(words[at]); found != kExtents.end())
      if (const ShapeParameter* p = parameter(kind, found->second.first); p && p->is_ranged())
        take(1, {{p->name, std::round(std::clamp(p->value.number * found->second.second, p->low, p->high) * 1000) / 1000}});
  }
  if (!best && at < words.size())
    if (const auto size = sizes_.find(words[at]); size != sizes_.end())
      take(1, kind.empty() ? Json{{"size", size->second ? "big" : "small"}} : sized(kind, size->second));
  return best;
}

bool SceneLexicon::match_template(const SceneWords& words, size_t at, const SceneWords& pattern, size_t from, const ShapeParameter& p, size_t& end,
                                  Json& value) const {
  for (; from < pattern.size(); ++from) {
    if (pattern[from] == "{}") {
      size_t length = 0;
      if (p.is_ranged()) {
        const auto n = number(words, at);
        double amount = n ? n.value : 0;
        if (!n && at < words.size()) {
          char* rest = nullptr;
          amount = std::strtod(words[at].c_str(), &rest);
          if (rest == words[at].c_str()) return false;
        }
        length = n ? n.length : 1;
        if (at + length < words.size()) {
          const std::string& unit = words[at + length];
          if (unit == "cm" || unit == "centimetres" || unit == "centimeters")
            amount /= 100, ++length;
          else if (unit == "m" || unit == "metres" || unit == "meters" || unit == "metre" || unit == "meter")
            ++length;
        }
        if (amount < p.low || amount > p.high) return false;
        value = amount;
      } else if (const auto c = colour(words, at); c && std::find(p.choices.begin(), p.choices.end(), c.value) != p.choices.end()) {
        length = c.length, value = c.value;
      } else if (const auto m = material(words, at, true); m && std::find(p.choices.begin(), p.choices.end(), m.value) != p.choices.end()) {
        length = m.length, value = m.value;
      } else {
        return false;
      }
      at += length;
      continue;
    }
    if (at >= words.size() || words[at] != pattern[from]) return false;
    ++at;
  }
  end = at;
  return true;
}

WordMatch<Json> SceneLexicon::behind(const SceneWords& words, size_t at, const std::string& kind) const {
  WordMatch<Json> best;
  if (!kinds_->kinds().contains(kind)) return best;
  if (auto measured = measure(words, at, kind)) return measured;
  // Things of their own, not parts.
  static const std::set<std::string> kOwn{"bedside_table.lamp", "tv_stand.television", "stove.pot", "cup.saucer"};
  const KindPhrases& phrases = phrases_->of(kind);
  for (const auto& [name, said] : phrases.parameters) {
    if (kOwn.contains(kind + "." + name)) continue;
    const ShapeParameter* p = parameter(kind, name);
    if (!p) continue;
    for (const auto& [what, ways] : said)
      for (const Phrase& way : ways) {
        if (way.place != Phrase::Place::behind) continue;
        std::string text = way.text;
        replace_all(text, "{}", " qqq ");
        SceneWords pattern = scene_words(text);
        for (std::string& word : pattern)
          if (word == "qqq") word = "{}";
        size_t end = at;
        Json value;
        if (!match_template(words, at, pattern, 0, *p, end, value) || end - at <= best.length) continue;
        const auto ends = phrases.ends.find(name);
        if (value.is_null() && p->is_ranged()) {
          if (what == "one") value = 1;
          if (what == "none") value = 0;
          if ((what == "low" || what == "high") && ends != phrases.ends.end()) value = what == "low" ? ends->second.first : ends->second.second;
        } else if (value.is_null() && p->value.kind == ShapeValue::Kind::boolean) {
          value = what == "true";
        } else if (value.is_null()) {
          value = what;
        }
        if (!value.is_null()) best = {end - at, Json{{name, value}}};
      }
  }
  return best;
}

bool SceneLexicon::is_size(const std::string& word) const {
  static const std::set<std::string> kExtents{"long", "wide", "broad", "narrow", "tall", "high", "low", "short", "deep", "square", "oval", "round"};
  return sizes_.contains(word) || kExtents.contains(word);
}

bool SceneLexicon::is_filler(const std::string& word) const {
  static const std::set<std::string> words{
      "there",    "is",         "are",      "stands",   "stand",    "standing", "sits",  "sit",      "sitting",     "lies",       "lie",       "lying",
      "hangs",    "hang",       "hanging",  "placed",   "located",  "put",      "place", "add",      "i",           "want",       "would",     "like",
      "please",   "create",     "make",     "made",     "show",     "draw",     "me",    "us",       "should",      "be",         "also",      "then",
      "which",    "that",       "who",      "you",      "can",      "see",      "we",    "set",      "up",          "positioned", "arranged",  "neatly",
      "directly", "right",      "just",     "where",    "here",     "now",      "its",   "their",    "own",         "of",         "for",       "to",
      "leans",    "leaning",    "rests",    "resting",  "stood",    "mounted",  "fixed", "image",    "picture of",  "scene",      "view",      "imagine",
      "design",   "build",      "generate", "contains", "includes", "as",       "well",  "together", "immediately", "exactly",    "somewhere", "additionally",
      "finally",  "altogether", "total",    "next",     "it",       "they",     "them",  "has",      "have",        "having",     "holds",     "the",
      "so",       "but",        "too",      "all",      "only",     "with",     "and",   "a",        "an",          "given",      "let"};
  return words.contains(word);
}

std::vector<std::pair<std::string, std::string>> SceneLexicon::names() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [kind, shape] : kinds_->kinds())
    for (const std::string& noun : phrases_->of(kind).nouns) out.emplace_back(noun, kind);
  return out;
}

}  // namespace ptah
