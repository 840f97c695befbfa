#include "shape/words/writing.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/philox.h"
#include "base/text.h"

namespace ptah {

namespace {

constexpr std::array<const char*, 7> kRelations{"on", "under", "left", "right", "front", "behind", "in"};

std::string kind_token(const std::string& kind) { return "kind:" + kind; }
std::string name_token(const std::string& name) { return "set:" + name; }
std::string word_token(const std::string& word) { return "is:" + word; }
std::string level_token(int level) { return fmt::format("level:{}", level); }
std::string count_token(int count) { return fmt::format("count:{}", count); }
std::string relation_token(const std::string& relation) { return "then:" + relation; }

bool is_word(const ShapeParameter& p) { return !p.choices.empty() || p.value.kind == ShapeValue::Kind::boolean; }

int level_of(const ShapeParameter& p, double value) {
  return std::clamp(static_cast<int>(std::lround((value - p.low) / (p.high - p.low) * (kShapeLevels - 1))), 0, kShapeLevels - 1);
}

bool is_whole(const ShapeParameter& p) {
  return p.low == std::floor(p.low) && p.high == std::floor(p.high) && p.value.number == std::floor(p.value.number) && p.high - p.low < 64;
}

double value_at(const ShapeParameter& p, int level) {
  const double value = p.low + (p.high - p.low) * level / (kShapeLevels - 1);
  if (is_whole(p)) return std::round(value);
  return std::round(value * 1e5) / 1e5;
}

ShapeValue word_value(const ShapeParameter& p, const std::string& word) {
  ShapeValue out;
  if (p.value.kind == ShapeValue::Kind::boolean) {
    out.kind = ShapeValue::Kind::boolean;
    out.number = word == "true" ? 1 : 0;
  } else {
    out.kind = ShapeValue::Kind::word;
    out.word = word;
  }
  return out;
}

std::string word_of(const ShapeValue& v) { return v.kind == ShapeValue::Kind::boolean ? (v.number != 0 ? "true" : "false") : v.word; }

/// Where a writing stands while its tokens come: what may follow.
struct State {
  enum class Awaits : uint8_t { thing, kind, name, value };
  Awaits awaits = Awaits::thing;
  Writing writing;
  const ShapeKind* kind = nullptr;
  size_t next = 0;                      ///< the first parameter that may still be set
  const ShapeParameter* set = nullptr;  ///< whose value is awaited
  bool ended = false;
};

}  // namespace

ShapeTokens::ShapeTokens(std::shared_ptr<const ShapeKinds> kinds) : kinds_(std::move(kinds)) {
  std::set<std::string> names, words;
  for (const auto& [name, kind] : kinds_->kinds())
    for (const ShapeParameter& p : kind.parameters) {
      if (is_word(p) || p.is_ranged()) names.insert(p.name);
      for (const std::string& word : p.choices) words.insert(word);
      if (p.value.kind == ShapeValue::Kind::boolean) words.insert({"true", "false"});
    }
  tokens_ = {"begin", "end"};
  for (const char* relation : kRelations) tokens_.push_back(relation_token(relation));
  for (int count = 2; count <= 9; ++count) tokens_.push_back(count_token(count));
  for (int level = 0; level < kShapeLevels; ++level) tokens_.push_back(level_token(level));
  for (const auto& [name, kind] : kinds_->kinds()) tokens_.push_back(kind_token(name));
  for (const std::string& name : names) tokens_.push_back(name_token(name));
  for (const std::string& word : words) tokens_.push_back(word_token(word));
  for (size_t i = 0; i < tokens_.size(); ++i) ids_[tokens_[i]] = static_cast<int32_t>(i);
}

Result<ShapeTokens> ShapeTokens::of(std::shared_ptr<const ShapeKinds> kinds, std::vector<std::string> tokens) {
  ShapeTokens out(std::move(kinds));
  for (const std::string& token : tokens)
    if (!out.ids_.contains(token)) return fail(ErrorCode::mismatch, "the model knows '{}', which the library of shapes does not have", token);
  out.tokens_ = std::move(tokens);
  out.ids_.clear();
  for (size_t i = 0; i < out.tokens_.size(); ++i) out.ids_[out.tokens_[i]] = static_cast<int32_t>(i);
  if (out.tokens_.size() < 2 || out.tokens_[0] != "begin" || out.tokens_[1] != "end")
    return fail(ErrorCode::mismatch, "the model's tokens do not begin with 'begin' and 'end'");
  return out;
}

int32_t ShapeTokens::id(const std::string& token) const {
  const auto found = ids_.find(token);
  return found == ids_.end() ? -1 : found->second;
}

Result<std::vector<int32_t>> ShapeTokens::encode(const Writing& writing) const {
  std::vector<int32_t> out;
  const auto put = [&](const std::string& token) -> Result<void> {
    const int32_t at = id(token);
    if (at < 0) return fail(ErrorCode::invalid_argument, "there is no token '{}'", token);
    out.push_back(at);
    return {};
  };
  for (size_t i = 0; i < writing.things.size(); ++i) {
    const WrittenThing& thing = writing.things[i];
    if (i > 0) PTAH_TRY_VOID(put(relation_token(thing.relation)));
    if (thing.count > 1) PTAH_TRY_VOID(put(count_token(thing.count)));
    PTAH_TRY_VOID(put(kind_token(thing.kind)));
    PTAH_TRY(const ShapeKind* kind, kinds_->find(thing.kind));
    for (const auto& [name, value] : thing.given) {
      const ShapeParameter* p = kind->parameter(name);
      if (!p) return fail(ErrorCode::invalid_argument, "{} has no parameter '{}'", thing.kind, name);
      PTAH_TRY_VOID(put(name_token(name)));
      PTAH_TRY_VOID(put(is_word(*p) ? word_token(word_of(value)) : level_token(level_of(*p, value.number))));
    }
  }
  out.push_back(end());
  return out;
}

namespace {

/// One token more. False if it may not follow.
bool take_token(State& s, const std::string& token, const ShapeKinds& kinds) {
  const auto begins = [&](std::string_view with) { return token.starts_with(with); };
  const std::string rest = token.substr(std::min(token.size(), token.find(':') + 1));
  if (s.ended) return false;
  if (s.awaits == State::Awaits::value) {
    ShapeValue value;
    if (is_word(*s.set)) {
      if (!begins("is:")) return false;
      const bool known = s.set->value.kind == ShapeValue::Kind::boolean ? rest == "true" || rest == "false"
                                                                        : std::find(s.set->choices.begin(), s.set->choices.end(), rest) != s.set->choices.end();
      if (!known) return false;
      value = word_value(*s.set, rest);
    } else {
      if (!begins("level:")) return false;
      const int level = std::stoi(rest);
      value.number = value_at(*s.set, level);
      if (level_of(*s.set, value.number) != level) return false;  // several levels of a count mean the same: one of them is used
    }
    s.writing.things.back().given.emplace_back(s.set->name, value);
    s.awaits = State::Awaits::name;
    return true;
  }
  if (s.awaits == State::Awaits::name) {
    if (begins("set:")) {
      for (size_t i = s.next; i < s.kind->parameters.size(); ++i) {
        const ShapeParameter& p = s.kind->parameters[i];
        if (p.name != rest || !(is_word(p) || p.is_ranged())) continue;
        s.set = &p;
        s.next = i + 1;
        s.awaits = State::Awaits::value;
        return true;
      }
      return false;
    }
    if (token == "end") return s.ended = true;
    if (!begins("then:") || s.writing.things.size() >= kMaxWrittenThings) return false;
    s.writing.things.emplace_back();
    s.writing.things.back().relation = rest;
    s.awaits = State::Awaits::thing;
    return true;
  }
  if (token == "end" && s.writing.things.empty()) return s.ended = true;  // none of the library's kinds
  if (s.writing.things.empty()) s.writing.things.emplace_back();
  if (s.awaits == State::Awaits::thing && begins("count:")) {
    s.writing.things.back().count = std::stoi(rest);
    s.awaits = State::Awaits::kind;
    return true;
  }
  if (!begins("kind:")) return false;
  const auto kind = kinds.find(rest);
  if (!kind) return false;
  s.kind = *kind;
  s.next = 0;
  s.writing.things.back().kind = rest;
  s.awaits = State::Awaits::name;
  return true;
}

}  // namespace

Result<Writing> ShapeTokens::decode(const std::vector<int32_t>& ids) const {
  State state;
  for (const int32_t at : ids)
    if (at < 0 || at >= size() || !take_token(state, tokens_[static_cast<size_t>(at)], *kinds_))
      return fail(ErrorCode::corrupt, "the tokens of a shape do not follow each other");
  if (!state.ended) return fail(ErrorCode::corrupt, "the tokens of a shape do not end");
  return state.writing;
}

std::vector<uint8_t> ShapeTokens::allowed(const std::vector<int32_t>& ids) const {
  State state;
  for (const int32_t at : ids) (void)take_token(state, tokens_[static_cast<size_t>(at)], *kinds_);
  std::vector<uint8_t> out(tokens_.size(), 0);
  // Whatever begins has to end within the limit: a value, and the end.
  const bool full = ids.size() + 3 >= kMaxWrittenTokens;
  for (size_t i = 1; i < tokens_.size(); ++i) {
    if (full && state.awaits == State::Awaits::name && tokens_[i] != "end") continue;
    State next = state;
    out[i] = take_token(next, tokens_[i], *kinds_);
  }
  return out;
}

namespace {

/// A parameter that nothing was said of: choices change now and then, numbers lie around what is usual.
std::optional<ShapeValue> varied(const ShapeParameter& p, Random& random) {
  const float toss = random.uniform(), place = random.uniform();
  if (p.name == "color" || p.name == "finish" || p.name == "accent") return std::nullopt;  // colours are left to the words
  if (is_word(p)) {
    if (toss > 0.35F || p.choices.size() > 8) return std::nullopt;
    if (p.value.kind == ShapeValue::Kind::boolean) return word_value(p, place < 0.5F ? "true" : "false");
    return word_value(p, p.choices[std::min(p.choices.size() - 1, static_cast<size_t>(place * static_cast<float>(p.choices.size())))]);
  }
  if (!p.is_ranged() || toss > 0.6F) return std::nullopt;
  // A fifth of the way towards one of the ends at most.
  const double end = place < 0.5F ? p.low : p.high, share = std::abs(place - 0.5) * 0.4;
  ShapeValue out;
  out.number = value_at(p, level_of(p, p.value.number + (end - p.value.number) * share));
  return out;
}

ShapeExpr expression_of(const ShapeValue& v) {
  ShapeExpr e;
  if (v.kind == ShapeValue::Kind::boolean) {
    e.kind = ShapeExpr::Kind::boolean;
    e.number = v.number;
  } else if (v.kind == ShapeValue::Kind::number) {
    e.number = v.number;
  } else {
    e.kind = ShapeExpr::Kind::name;
    e.word = v.word;
  }
  return e;
}

ShapeExpr number_expression(double value) {
  ShapeExpr e;
  e.number = value;
  return e;
}

}  // namespace

namespace {

/// Whether the words name a material that is known by its colour, such as a metal or a wood: a thing of copper is not red because most of its kind are.
bool has_own_colour(const WrittenThing& thing) {
  static const std::set<SolidTexture> kKnown{SolidTexture::wood,    SolidTexture::planks, SolidTexture::bark,     SolidTexture::stone,  SolidTexture::marble,
                                             SolidTexture::granite, SolidTexture::brick,  SolidTexture::concrete, SolidTexture::cobble, SolidTexture::rust};
  return std::any_of(thing.given.begin(), thing.given.end(), [](const auto& given) {
    const auto material = given.first == "finish" ? material_of(given.second.word) : Result<Material>(fail(ErrorCode::not_found, "no finish"));
    return material && (material->metallic > 0.5F || kKnown.contains(material->texture));
  });
}

/// What stands for each parameter of a thing that is not left as it usually is.
std::vector<ShapeArg> arguments_of(const WrittenThing& thing, const ShapeKind& kind, Random random, bool vary) {
  std::vector<ShapeArg> out;
  for (const ShapeParameter& p : kind.parameters) {
    const auto given = std::find_if(thing.given.begin(), thing.given.end(), [&](const auto& g) { return g.first == p.name; });
    if (p.name == "color" && given == thing.given.end() && has_own_colour(thing)) {
      if (p.value.word != "natural" && std::find(p.choices.begin(), p.choices.end(), "natural") != p.choices.end())
        out.push_back({p.name, expression_of(word_value(p, "natural"))});
      continue;
    }
    const auto other = varied(p, random);
    if (given != thing.given.end())
      out.push_back({p.name, expression_of(given->second)});
    else if (other && vary)
      out.push_back({p.name, expression_of(*other)});
  }
  return out;
}

void set_parameter(ShapeProgram& program, const std::string& name, const ShapeExpr& value) {
  for (ShapeStatement& s : program.statements)
    if (s.kind == ShapeStatement::Kind::param && s.name == name) s.value = value;
}

/// The kind's own program with other defaults: all of it can be read and changed.
ShapeProgram program_of_one(const WrittenThing& thing, const ShapeKind& kind, const std::string& title, uint64_t seed) {
  ShapeProgram out = *kind.program;
  out.title = title;
  for (const ShapeArg& arg : arguments_of(thing, kind, Random(seed, 0), seed != 0)) set_parameter(out, arg.name, arg.value);
  set_parameters(out, thing);
  return out;
}

}  // namespace

void set_parameters(ShapeProgram& program, const WrittenThing& thing) {
  for (const auto& [name, value] : thing.given) {
    set_parameter(program, name, expression_of(value));
    for (ShapeStatement& s : program.statements) {
      if (s.kind != ShapeStatement::Kind::param || s.name != name || value.kind != ShapeValue::Kind::number || !s.low || !s.high) continue;
      if (value.number < s.low->number) s.low = number_expression(value.number);
      if (value.number > s.high->number) s.high = number_expression(value.number);
    }
  }
}

ShapeProgram program_of(const Writing& writing, const ShapeKinds& kinds, const std::string& title, uint64_t seed) {
  if (writing.things.size() == 1 && writing.things[0].count == 1 && writing.things[0].scale == 1)
    return program_of_one(writing.things[0], *value_or_throw(kinds.find(writing.things[0].kind)), title, seed);
  ShapeProgram out;
  out.name = "made";
  out.title = title;
  std::map<std::string, int> names;
  std::string before;
  for (size_t i = 0; i < writing.things.size(); ++i) {
    const WrittenThing& thing = writing.things[i];
    const ShapeKind& kind = *value_or_throw(kinds.find(thing.kind));
    ShapeStatement use;
    use.kind = ShapeStatement::Kind::use;
    use.word = thing.kind;
    const int number = ++names[thing.kind];
    use.name = number == 1 ? thing.kind : fmt::format("{}_{}", thing.kind, number);
    use.args = arguments_of(thing, kind, Random(seed, i), seed != 0);
    if (thing.scale != 1) use.modifiers.push_back({"scale", "", std::vector<ShapeArg>(3, {"", number_expression(std::round(thing.scale * 1e6) / 1e6)})});
    if (!thing.relation.empty() && !before.empty()) use.modifiers.push_back({thing.relation, before, {}});
    if (thing.count > 1) {
      // Side by side with a little room: by the width that the kind has, which only a run tells.
      ShapeOptions options;
      for (const ShapeArg& arg : use.args) options.set[arg.name] = arg.value;
      const auto alone = run_shape(*kind.program, options);
      const double width = (alone ? static_cast<double>(alone->bounds().size()[0]) : 1) * thing.scale;
      use.modifiers.push_back({"repeat", "", {{"", number_expression(thing.count)}, {"", number_expression(std::round(width * 1.15 * 1000) / 1000)}}});
    }
    before = use.name;
    out.statements.push_back(std::move(use));
  }
  return out;
}

}  // namespace ptah
