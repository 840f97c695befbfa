#include "shape/program/evaluate.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "shape/program/placement.h"
#include "shape/program/primitive.h"

namespace ptah {

namespace {

using Statement = ShapeStatement;

constexpr int64_t kFineSteps = 200'000;  // of the budget, for what is contoured or roughened

std::vector<std::string> choices_of(const Statement& s) {
  std::vector<std::string> out;
  for (const std::string& word : s.choices) {
    const std::vector<std::string>* list = word == "colors" ? &colour_words() : word == "materials" ? &material_words() : nullptr;
    if (list)
      out.insert(out.end(), list->begin(), list->end());
    else
      out.push_back(word);
  }
  return out;
}

/// The words that stand for themselves in a program: axes, colours, materials, and what its parameters choose among.
void collect_words(const std::vector<Statement>& statements, std::vector<std::string>& out) {
  for (const Statement& s : statements) {
    for (std::string& word : choices_of(s)) out.push_back(std::move(word));
    collect_words(s.body, out);
    collect_words(s.other, out);
  }
}

/// Whether a parameter names the word itself among its choices.
bool chooses(const std::vector<Statement>& statements, const std::string& word) {
  return std::any_of(statements.begin(), statements.end(), [&](const Statement& s) {
    return std::find(s.choices.begin(), s.choices.end(), word) != s.choices.end() || chooses(s.body, word) || chooses(s.other, word);
  });
}

/// Whether an argument of a modifier is an axis.
bool is_axis(const std::string& modifier, size_t argument) {
  return ((modifier == "rotate" || modifier == "mirror") && argument == 0) || (modifier == "bend" && argument == 1);
}

/// Runs one program; `use` makes another one. Throws Failure.
class Runner {
 public:
  Runner(const ShapeProgram& program, const ShapeOptions& options, Budget& budget, Assembly& out, int depth)
      : program_(program), options_(options), budget_(budget), out_(out), depth_(depth), words_{"x", "y", "z"} {
    words_.insert(words_.end(), colour_words().begin(), colour_words().end());
    words_.insert(words_.end(), material_words().begin(), material_words().end());
    collect_words(program.statements, words_);
  }

  /// `set` may hold values of a caller's scope.
  void run(const std::map<std::string, ShapeValue>& set) {
    for (const auto& [name, value] : set)
      if (std::none_of(program_.statements.begin(), program_.statements.end(),
                       [&wanted = name](const Statement& s) { return s.kind == Statement::Kind::param && s.name == wanted; })) {
        std::vector<std::string> known;
        for (const Statement& s : program_.statements)
          if (s.kind == Statement::Kind::param) known.push_back(s.name);
        shape_error(0, unknown_name(fmt::format("parameter of {}", program_.name), name, known).value().message);
      }
    set_ = &set;
    ShapeScope scope;
    block(program_.statements, scope, "", 0);
  }

 private:
  ShapeValue value(const ShapeExpr& e, const ShapeScope& scope, int line) { return shape_value(e, scope, words_, line, budget_); }
  double number(const ShapeExpr& e, const ShapeScope& scope, const char* what, int line) { return shape_number_of(value(e, scope, line), what, line); }
  bool truth(const ShapeExpr& e, const ShapeScope& scope, int line) {
    const ShapeValue v = value(e, scope, line);
    if (v.kind != ShapeValue::Kind::boolean) shape_error(line, "the condition is neither true nor false");
    return v.number != 0;
  }

  void block(const std::vector<Statement>& statements, ShapeScope& scope, const std::string& path, size_t first) {
    for (const Statement& s : statements) {
      budget_.step();
      switch (s.kind) {
        case Statement::Kind::param:
          param(s, scope, path);
          break;
        case Statement::Kind::let:
          scope.set(s.name, value(*s.value, scope, s.line));
          break;
        case Statement::Kind::material:
          scope.material(s.name, material(s, scope));
          break;
        case Statement::Kind::part:
          part(s, scope, path, first);
          break;
        case Statement::Kind::use:
          use(s, scope, path, first);
          break;
        case Statement::Kind::group:
          group(s, scope, path, first);
          break;
        case Statement::Kind::when: {
          ShapeScope inner(&scope);
          inner.shares_places = true;
          block_in(truth(*s.value, scope, s.line) ? s.body : s.other, inner, scope, path, first);
          break;
        }
        case Statement::Kind::loop:
          loop(s, scope, path, first);
          break;
      }
    }
  }
  /// A block whose parts are seen behind it, as those of `if` and `for` are.
  void block_in(const std::vector<Statement>& body, ShapeScope& inner, ShapeScope& outer, const std::string& path, size_t first) {
    block(body, inner, path, first);
    inner.shares_places = false;
    for (const std::string& name : inner.places()) outer.place(name, *inner.place_of(name));
  }
  void loop(const Statement& s, ShapeScope& scope, const std::string& path, size_t first) {
    const double low = number(*s.low, scope, "where a loop begins", s.line), high = number(*s.high, scope, "where a loop ends", s.line);
    if (low != std::floor(low) || std::abs(low) > 1e6 || high > low + 1000) shape_error(s.line, "a loop goes from a whole number on, at most 1000 times");
    for (double i = low; i <= high; ++i) {
      ShapeScope inner(&scope);
      inner.shares_places = true;
      ShapeValue index;
      index.number = i;
      inner.set(s.name, index);
      block_in(s.body, inner, scope, path, first);
    }
  }

  /// A name that is also a word to choose would hide it. Kinds of material may be hidden: there are many and more come, and where a material is meant a
  /// number or a switch of that name is not.
  void check_free(const std::string& name, int line) const {
    if (name == "x" || name == "y" || name == "z") return;  // where an axis is meant these are axes
    if (material_of(name) && !colour_of(name) && !chooses(program_.statements, name)) return;
    if (std::find(words_.begin(), words_.end(), name) != words_.end())
      shape_error(line, fmt::format("'{}' is also a word that stands for itself here (a choice, colour, material or axis); take another name", name));
  }

  void param(const Statement& s, ShapeScope& scope, const std::string& path) {
    check_free(s.name, s.line);
    if (!path.empty()) shape_error(s.line, "param stands at the beginning of a program, not within a group");
    ShapeValue v = value(*s.value, scope, s.line);
    if (const auto given = set_->find(s.name); given != set_->end()) {
      if (given->second.kind != v.kind && !(v.kind == ShapeValue::Kind::word && given->second.kind == ShapeValue::Kind::text))
        shape_error(s.line, fmt::format("{} is {}, not {}", s.name, kind_name(v.kind), kind_name(given->second.kind)));
      v = given->second;
    }
    if (s.low) {
      const double low = number(*s.low, scope, "a range", s.line), high = number(*s.high, scope, "a range", s.line);
      if (!(v.number >= low && v.number <= high))
        shape_error(s.line, fmt::format("{} is {}; {} to {} are possible", s.name, shape_number(v.number), shape_number(low), shape_number(high)));
    }
    const std::vector<std::string> choices = choices_of(s);
    if (!choices.empty() && std::find(choices.begin(), choices.end(), v.word) == choices.end()) {
      const bool colour = v.kind == ShapeValue::Kind::text && std::find(choices.begin(), choices.end(), "red") != choices.end();
      if (!colour) shape_error(s.line, unknown_name(s.name, v.word, choices).value().message);
    }
    if (v.kind == ShapeValue::Kind::number && depth_ == 0) out_.numbers.emplace_back(s.name, v.number);
    scope.set(s.name, std::move(v));
  }
  static const char* kind_name(ShapeValue::Kind kind) {
    switch (kind) {
      case ShapeValue::Kind::number:
        return "a number";
      case ShapeValue::Kind::boolean:
        return "true or false";
      case ShapeValue::Kind::word:
        return "a word";
      case ShapeValue::Kind::text:
        return "a text";
      case ShapeValue::Kind::list:
        return "a list";
    }
    return "";
  }

  /// The material that a name means here: declared, a kind of material, a colour, or a name whose value is one of these.
  Material material_called(const std::string& name, const ShapeScope& scope, int line) {
    if (const Material* found = scope.material_named(name)) return *found;
    if (const ShapeValue* v = scope.find(name); v && (v->kind == ShapeValue::Kind::word || v->kind == ShapeValue::Kind::text))
      return material_of_word(v->word, scope, line);
    return material_of_word(name, scope, line);
  }
  Material material_of_word(const std::string& word, const ShapeScope& scope, int line) {
    if (const Material* found = scope.material_named(word)) return *found;
    if (auto found = material_of(word)) return *found;
    const auto colour = colour_of(word);
    if (!colour) {
      std::vector<std::string> names = material_words();
      names.insert(names.end(), colour_words().begin(), colour_words().end());
      const std::string meant = did_you_mean(word, names);
      shape_error(line, fmt::format("'{}' is no material and no colour{}; declare it, as in: material {} = glass(blue)", word,
                                    meant.empty() ? "" : fmt::format(" (did you mean '{}'?)", meant), word));
    }
    Material out = value_or_throw(material_of("plain"));
    out.name = word;
    out.albedo = *colour;
    return out;
  }
  Material material(const Statement& s, const ShapeScope& scope) {
    Material out = material_called(s.word, scope, s.line);
    out.name = s.name;
    bool first = true;
    for (const ShapeArg& arg : s.args) {
      const ShapeValue v = value(arg.value, scope, s.line);
      const std::string name = arg.name.empty() && first ? "color" : arg.name;
      first = false;
      const auto share = [&](double low, double high) {
        const double x = shape_number_of(v, name.c_str(), s.line);
        if (!(x >= low && x <= high)) shape_error(s.line, fmt::format("{} is {}; {} to {} are possible", name, shape_number(x), low, high));
        return static_cast<float>(x);
      };
      if (name == "color" && v.word == "natural") continue;  // as the material is by itself: param color = natural of (natural, colors)
      if (name == "color" || name == "glow") {
        if (v.kind != ShapeValue::Kind::word && v.kind != ShapeValue::Kind::text)
          shape_error(s.line, fmt::format("{} is a colour, as in {} = yellow or {} = \"#ffcc00\"", name, name, name));
        const auto colour = colour_of(v.word);
        if (!colour) shape_error(s.line, colour.error().message);
        (name == "color" ? out.albedo : out.emission) = *colour;
      } else if (name == "roughness") {
        out.roughness = share(0, 1);
      } else if (name == "metallic") {
        out.metallic = share(0, 1);
      } else if (name == "opacity") {
        out.opacity = share(0.02, 1);
      } else if (name == "scale") {
        out.scale = share(0.01, 100);
      } else {
        shape_error(s.line, unknown_name("argument of a material", name, "color roughness metallic opacity scale glow").value().message);
      }
    }
    return out;
  }

  std::vector<GivenArgument> known(const std::vector<ShapeArg>& args, const ShapeScope& scope, int line) {
    std::vector<GivenArgument> out;
    for (const ShapeArg& arg : args) out.push_back({arg.name, value(arg.value, scope, line)});
    return out;
  }
  std::vector<KnownModifier> known(const std::vector<ShapeModifier>& modifiers, const ShapeScope& scope, int line) {
    std::vector<KnownModifier> out;
    for (const ShapeModifier& m : modifiers) {
      out.push_back({m.word, m.target, known(m.args, scope, line)});
      // An axis is an axis, even where a number has its name.
      for (size_t i = 0; i < m.args.size(); ++i)
        if (is_axis(m.word, i) && m.args[i].value.kind == ShapeExpr::Kind::name &&
            (m.args[i].value.word == "x" || m.args[i].value.word == "y" || m.args[i].value.word == "z"))
          out.back().args[i].value = {ShapeValue::Kind::word, 0, m.args[i].value.word, {}};
    }
    return out;
  }

  void part(const Statement& s, ShapeScope& scope, const std::string& path, size_t first) {
    const auto modifiers = known(s.modifiers, scope, s.line);
    Part made;
    made.label = path + s.name;
    made.primitive = s.word;
    made.mesh = make_primitive(s.word, known(s.args, scope, s.line), options_.detail, 1, s.line);
    if (s.word == "metaballs" || s.word == "algebraic") budget_.step(kFineSteps);
    for (const KnownModifier& m : modifiers)
      if (m.word == "noise") budget_.step(kFineSteps);
    deform(made.mesh, modifiers, options_.detail, s.line);
    made.material = value_or_throw(material_of("plain"));
    for (const KnownModifier& m : modifiers)
      if (m.word == "is") made.material = material_called(m.target, scope, s.line);
    std::vector<Part> unit{std::move(made)};
    const auto still = turn(unit, modifiers, s.line);
    // Primitives stand where they were made, so that outlines and paths keep their coordinates; only what was turned or anchored is placed by its base.
    spread(unit, placements(bounds_of(unit), still, scope, s.line), s, scope, first);
  }
  /// Turns parts about their common centre and stands them on the centre of their base again. What is left of the modifiers.
  static std::vector<KnownModifier> turn(std::vector<Part>& parts, const std::vector<KnownModifier>& modifiers, int line) {
    std::vector<KnownModifier> turns, still;
    for (const KnownModifier& m : modifiers) (m.word == "rotate" ? turns : still).push_back(m);
    if (turns.empty()) return still;
    const Affine map = turning(turns, bounds_of(parts).centre(), line);
    apply(parts, map);
    const Bounds turned = bounds_of(parts);
    const Vec3 centre = turned.centre();
    Affine stand;
    stand.move = Vec3{-centre[0], -turned.low[1], -centre[2]};
    apply(parts, stand);
    return still;
  }
  static void apply(std::vector<Part>& parts, const Affine& map) {
    for (Part& part : parts)
      for (Vec3& p : part.mesh.positions) p = map(p);
  }
  /// Of what is added; of everything if nothing is.
  static Bounds bounds_of(const std::vector<Part>& parts) {
    Bounds bounds, all;
    for (const Part& p : parts) {
      all.take(p.bounds());
      if (p.op != PartOp::cut) bounds.take(p.bounds());
    }
    return bounds.empty() ? all : bounds;
  }

  void use(const Statement& s, ShapeScope& scope, const std::string& path, size_t first) {
    if (!options_.library) shape_error(s.line, "use: there is no library of shapes here");
    if (depth_ >= 8) shape_error(s.line, "shapes use each other more than 8 deep");
    auto found = options_.library(s.word);
    if (!found) shape_error(s.line, found.error().message);
    // The words that the other shape chooses among mean something in its arguments.
    std::vector<std::string> words = words_;
    collect_words((*found)->statements, words);
    std::map<std::string, ShapeValue> set;
    for (const ShapeArg& arg : s.args) {
      if (arg.name.empty()) shape_error(s.line, fmt::format("{} takes named values: {}(legs = 4)", s.word, s.word));
      set[arg.name] = shape_value(arg.value, scope, words, s.line, budget_);
    }
    Assembly inner;
    try {
      Runner(**found, options_, budget_, inner, depth_ + 1).run(set);
    } catch (const Failure& failure) {
      throw Failure({failure.error().code, fmt::format("line {}: {}: {}", s.line, s.word, failure.error().message)});
    }
    for (Part& p : inner.parts) p.label = path + s.name + "/" + p.label;
    unit(inner.parts, s, scope, first);
  }

  void group(const Statement& s, ShapeScope& scope, const std::string& path, size_t first) {
    ShapeScope inner(&scope);
    Assembly made;
    std::swap(made.parts, out_.parts);
    std::vector<Part> before = std::move(made.parts);
    out_.parts.clear();
    block(s.body, inner, path + s.name + "/", 0);
    std::vector<Part> parts = std::move(out_.parts);
    out_.parts = std::move(before);
    unit(parts, s, scope, first);
  }

  /// Parts that are placed, turned, copied, cut or blended together.
  void unit(std::vector<Part>& parts, const Statement& s, ShapeScope& scope, size_t first) {
    if (parts.empty()) return;
    const auto modifiers = known(s.modifiers, scope, s.line);
    for (const KnownModifier& m : modifiers) {
      if (m.word == "bend" || m.word == "twist" || m.word == "taper" || m.word == "shell" || m.word == "noise")
        shape_error(s.line, fmt::format("{} works on parts, not on groups", m.word));
      if (m.word == "scale") {
        const Vec3 before = bounds_of(parts).size();
        for (Part& p : parts) deform(p.mesh, {m}, options_.detail, s.line);
        const Vec3 after = bounds_of(parts).size();
        const float factor = std::cbrt(after[0] / before[0] * (after[1] / before[1]) * (after[2] / before[2]));
        for (Part& p : parts)
          for (PartBlend& blend : p.blends) blend.radius *= factor, blend.step *= factor;
      }
      if (m.word == "is")
        for (Part& p : parts) p.material = material_called(m.target, scope, s.line);
    }
    const auto still = turn(parts, modifiers, s.line);
    spread(parts, placements(bounds_of(parts), still, scope, s.line), s, scope, first);
  }

  /// Puts the copies of a unit into the assembly. `first` is where the block begins, on which cuts and blends act.
  void spread(const std::vector<Part>& parts, const std::vector<Affine>& maps, const Statement& s, ShapeScope& scope, size_t first) {
    Bounds bounds;
    float radius = 0;
    const float fineness = std::clamp(std::round(4 * options_.detail), 2.0F, 16.0F);  // cells of a fillet along its radius
    if (s.op == Statement::Op::blend) {
      const double r = number(*s.value, scope, "the radius of a blend", s.line);
      if (!(r > 0 && r <= 1000)) shape_error(s.line, fmt::format("a blend of {} m; above 0 to 1000 are possible", shape_number(r)));
      radius = static_cast<float>(r);
    }
    std::vector<uint32_t> targets;
    for (const ShapeModifier& m : s.modifiers)
      if (m.word == "from") find_targets(m.target, first, targets, s.line);
    for (size_t copy = 0; copy < maps.size(); ++copy) {
      const auto base = static_cast<uint32_t>(out_.parts.size());
      for (const Part& one : parts) {
        Part part = one;
        if (maps.size() > 1) part.copy = part.copy * static_cast<int>(maps.size()) + static_cast<int>(copy);
        for (Vec3& p : part.mesh.positions) p = maps[copy](p);
        if (maps[copy].mirrors())
          for (auto& [a, b, c, d] : part.mesh.faces) {
            if (c == d)
              std::swap(b, c), d = c;
            else
              std::swap(b, d);
          }
        // Within the unit the indices move along; the unit itself acts on the block.
        part.first += base;
        for (uint32_t& target : part.targets) target += base;
        for (PartBlend& blend : part.blends) blend.first += base, blend.end += base;
        if (radius > 0 && one.op == PartOp::add) part.blends.push_back({radius, radius / fineness, static_cast<uint32_t>(first), base});
        if (s.op == Statement::Op::cut && one.op != PartOp::cut) {
          part.op = PartOp::cut;
          part.first = static_cast<uint32_t>(first);
          part.targets = targets;
        } else if (s.kind == Statement::Kind::part) {
          part.first = static_cast<uint32_t>(first);
        }
        if (part.op != PartOp::cut) bounds.take(part.bounds());
        vertices_ += part.mesh.positions.size();
        out_.parts.push_back(std::move(part));
        if (out_.parts.size() > kMaxParts || vertices_ > kMaxPartVertices)
          throw Failure({ErrorCode::over_budget, fmt::format("line {}: more than {} parts or {} vertices", s.line, kMaxParts, kMaxPartVertices)});
        budget_.step(static_cast<int64_t>(out_.parts.back().mesh.positions.size()) / 8 + 1);
      }
    }
    if (!bounds.empty()) scope.place(s.name, bounds);
    if (bounds.empty())  // what is cut out has a place too
      for (size_t i = out_.parts.size() - parts.size() * maps.size(); i < out_.parts.size(); ++i) scope.place(s.name, out_.parts[i].bounds());
  }
  void find_targets(const std::string& name, size_t first, std::vector<uint32_t>& targets, int line) {
    for (size_t i = first; i < out_.parts.size(); ++i) {
      const std::string& label = out_.parts[i].label;
      if (out_.parts[i].op != PartOp::cut &&
          (label == name || label.ends_with("/" + name) || label.starts_with(name + "/") || label.find("/" + name + "/") != std::string::npos))
        targets.push_back(static_cast<uint32_t>(i));
    }
    if (targets.empty()) shape_error(line, fmt::format("from: there is no part or group '{}' before this in its block", name));
  }

  const ShapeProgram& program_;
  const ShapeOptions& options_;
  Budget& budget_;
  Assembly& out_;
  int depth_;
  size_t vertices_ = 0;
  const std::map<std::string, ShapeValue>* set_ = nullptr;
  std::vector<std::string> words_;
};

std::vector<std::string> all_words(const ShapeProgram& program) {
  std::vector<std::string> words{"x", "y", "z"};
  words.insert(words.end(), colour_words().begin(), colour_words().end());
  words.insert(words.end(), material_words().begin(), material_words().end());
  collect_words(program.statements, words);
  return words;
}

}  // namespace

Result<Assembly> run_shape(const ShapeProgram& program, const ShapeOptions& options, const CancelToken* cancel) {
  return guard([&]() -> Result<Assembly> {
    if (!(options.detail >= 0.25F && options.detail <= 8)) return fail(ErrorCode::invalid_argument, "detail {}; 0.25 to 8 are possible", options.detail);
    Budget budget("shape program", {}, cancel);
    const std::vector<std::string> words = all_words(program);
    std::map<std::string, ShapeValue> set;
    for (const auto& [name, e] : options.set) {
      if (e.kind == ShapeExpr::Kind::name && std::find(words.begin(), words.end(), e.word) == words.end()) {
        set[name] = ShapeValue{.kind = ShapeValue::Kind::word, .word = e.word};  // what its parameter says of it names the possible ones
        continue;
      }
      set[name] = shape_value(e, ShapeScope(), words, 0, budget);
    }
    Assembly out;
    out.name = program.name;
    out.title = program.title;
    Runner(program, options, budget, out, 0).run(set);
    if (std::none_of(out.parts.begin(), out.parts.end(), [](const Part& p) { return p.op != PartOp::cut; }))
      return fail(ErrorCode::invalid_argument, "{}: the program makes no part", program.name);
    return out;
  });
}

Result<std::vector<ShapeParameter>> shape_parameters(const ShapeProgram& program) {
  return guard([&]() -> Result<std::vector<ShapeParameter>> {
    Budget budget("shape program", {});
    const std::vector<std::string> words = all_words(program);
    ShapeScope scope;
    std::vector<ShapeParameter> out;
    for (const Statement& s : program.statements) {
      if (s.kind == Statement::Kind::let) scope.set(s.name, shape_value(*s.value, scope, words, s.line, budget));
      if (s.kind != Statement::Kind::param) continue;
      ShapeParameter p{s.name, s.note, shape_value(*s.value, scope, words, s.line, budget), 0, 0, choices_of(s)};
      if (s.low) p.low = shape_number_of(shape_value(*s.low, scope, words, s.line, budget), "a range", s.line);
      if (s.high) p.high = shape_number_of(shape_value(*s.high, scope, words, s.line, budget), "a range", s.line);
      scope.set(s.name, p.value);
      out.push_back(std::move(p));
    }
    return out;
  });
}

}  // namespace ptah
