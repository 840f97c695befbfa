#include "shape/program/openscad.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "shape/program/lexer.h"
#include "shape/program/openscad_runtime.h"
#include "shape/program/placement.h"
#include "shape/program/primitive.h"

namespace ptah {

namespace {

using Expr = ShapeExpr;
using Statement = ShapeStatement;

std::string quoted_scad(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string colour_text(const std::array<float, 3>& c, float opacity) { return fmt::format("[{:.3g}, {:.3g}, {:.3g}, {:.3g}]", c[0], c[1], c[2], opacity); }

/// Writes one program as a function of its parameters that gives a list of parts. Throws Failure.
class Writer {
 public:
  Writer(const ShapeProgram& program, const ShapeOptions& options, std::map<std::string, std::string>& functions, int depth)
      : program_(program), options_(options), functions_(functions), depth_(depth) {
    words_ = {"x", "y", "z"};
  }

  std::string function_name() const { return "shape_" + program_.name + "_"; }

  /// "function shape_chair_(width, legs) = …;"
  std::string function() {
    std::vector<std::string> names;
    for (const Statement& s : program_.statements)
      if (s.kind == Statement::Kind::param) names.push_back(variable(s.name) + " = " + expression(*s.value));
    const Block block = statements(program_.statements, "nothing_");
    return fmt::format("function {}({}) = {}({}[0]);\n", function_name(), fmt::join(names, ", "), block.bindings, block.state);
  }

  static std::string variable(const std::string& name) { return name + "_v"; }

  std::string expression(const Expr& e) const {
    switch (e.kind) {
      case Expr::Kind::number:
        return e.number < 0 ? "(" + shape_number(e.number) + ")" : shape_number(e.number);
      case Expr::Kind::boolean:
        return e.number != 0 ? "true" : "false";
      case Expr::Kind::text:
        return quoted_scad(e.word);
      case Expr::Kind::list:
        return fmt::format("[{}]", joined(e.args));
      case Expr::Kind::name:
        return name(e.word);
      case Expr::Kind::call:
        break;
    }
    if (e.word == "pick" && e.args.size() == 3) return fmt::format("({} ? {} : {})", expression(e.args[0]), expression(e.args[1]), expression(e.args[2]));
    if (e.word == "mod" && e.args.size() == 2) return fmt::format("({} % {})", expression(e.args[0]), expression(e.args[1]));
    if (e.word == "not") return "(!" + expression(e.args[0]) + ")";
    if (e.word == "-" && e.args.size() == 1) return "(-" + expression(e.args[0]) + ")";
    static const std::map<std::string, std::string> kSigns{{"and", "&&"}, {"or", "||"}, {"+", "+"}, {"-", "-"},   {"*", "*"},   {"/", "/"},
                                                           {"<", "<"},    {"<=", "<="}, {">", ">"}, {">=", ">="}, {"==", "=="}, {"!=", "!="}};
    if (const auto sign = kSigns.find(e.word); sign != kSigns.end())
      return fmt::format("({} {} {})", expression(e.args[0]), sign->second, expression(e.args[1]));
    return fmt::format("{}({})", e.word, joined(e.args));
  }

 private:
  struct Block {
    std::string bindings, state;
  };

  [[noreturn]] static void no_form(const std::string& word, int line) {
    throw Failure({ErrorCode::unsupported, fmt::format("{} (line {}) has no form in OpenSCAD", word, line)});
  }
  bool is_variable(const std::string& word) const { return std::find(names_.begin(), names_.end(), word) != names_.end(); }
  std::string joined(const std::vector<Expr>& list) const {
    std::string out;
    for (const Expr& e : list) out += (out.empty() ? "" : ", ") + expression(e);
    return out;
  }
  std::string name(const std::string& word) const {
    if (is_variable(word)) return variable(word);
    const size_t dot = word.find('.');
    if (dot == std::string::npos) return quoted_scad(word);
    const std::string box = fmt::format("of_({}, {})", state_, quoted_scad(word.substr(0, dot))), what = word.substr(dot + 1);
    static const std::map<std::string, const char*> kPlaces{{"width", "[2][0]"},  {"height", "[2][1]"}, {"depth", "[2][2]"}, {"left", "[0][0]"},
                                                            {"bottom", "[0][1]"}, {"back", "[0][2]"},   {"right", "[1][0]"}, {"top", "[1][1]"},
                                                            {"front", "[1][2]"},  {"x", "[3][0]"},      {"y", "[3][1]"},     {"z", "[3][2]"}};
    const auto found = kPlaces.find(what);
    return found == kPlaces.end() ? quoted_scad(word) : box + found->second;
  }

  /// A name is a variable from its statement to the end of its block; before and behind that it is a word.
  Block statements(const std::vector<Statement>& list, const std::string& begin) {
    const size_t outer_names = names_.size();
    const auto outer_materials = materials_;
    Block out{"", begin};
    for (const Statement& s : list) {
      state_ = out.state;
      if (s.kind == Statement::Kind::param) names_.push_back(s.name);
      if (s.kind == Statement::Kind::material) materials_[s.name] = colour_of_material(s);
      if (s.kind == Statement::Kind::let) {
        out.bindings += fmt::format("let({} = {}) ", variable(s.name), expression(*s.value));
        names_.push_back(s.name);
      }
      if (s.kind == Statement::Kind::part || s.kind == Statement::Kind::use || s.kind == Statement::Kind::group || s.kind == Statement::Kind::when ||
          s.kind == Statement::Kind::loop) {
        const std::string after = fmt::format("s{}_", ++states_);
        const std::string value = effect(s, out.state);
        out.bindings += fmt::format("let({} = {})\n  ", after, value);
        out.state = after;
      }
    }
    names_.resize(outer_names);
    materials_ = outer_materials;
    return out;
  }

  /// The state behind a statement.
  std::string effect(const Statement& s, const std::string& state) {
    if (s.kind == Statement::Kind::when) {
      const std::string condition = expression(*s.value);
      const Block yes = statements(s.body, state), no = statements(s.other, state);
      return fmt::format("({} ? {}{} : {}{})", condition, yes.bindings, yes.state, no.bindings, no.state);
    }
    if (s.kind == Statement::Kind::loop) {
      const std::string i = variable(s.name), run = fmt::format("r{}_", ++states_), high = expression(*s.high);
      const std::string low = expression(*s.low);
      names_.push_back(s.name);
      const Block body = statements(s.body, run);
      names_.pop_back();
      return fmt::format("last_([for ({0} = {1}, {2} = {3}; {0} <= {4} + 1; {2} = {0} <= {4} ? ({5}{6}) : {2}, {0} = {0} + 1) {2}])", i, low, run, state, high,
                         body.bindings, body.state);
    }
    if (s.op == Statement::Op::blend) no_form("blend", s.line);
    const std::string op = s.op == Statement::Op::cut ? "1" : "0";
    std::string from = "\"\"", colour = s.kind == Statement::Kind::part ? "[0.81, 0.81, 0.81, 1]" : "undef";
    for (const ShapeModifier& m : s.modifiers) {
      if (m.word == "noise") no_form(m.word, s.line);
      if (m.word == "from") from = quoted_scad(m.target);
      if (m.word == "is") colour = material(m.target);
    }
    const std::string mods = modifiers(s.modifiers);
    std::string unit;
    if (s.kind == Statement::Kind::part) {
      unit = fmt::format("part_({}, {}, {}, {})", quoted_scad(s.name), primitive(s), mods, colour);
    } else if (s.kind == Statement::Kind::use) {
      unit = fmt::format("within_({}, {}, {}, {})", quoted_scad(s.name), used(s), mods, colour);
    } else {
      const std::string outer = state_;
      const Block body = statements(s.body, "nothing_");
      state_ = outer;
      unit = fmt::format("within_({}, {}{}[0], {}, {})", quoted_scad(s.name), body.bindings, body.state, mods, colour);
    }
    return fmt::format("put_({}, {}, {}, {}, {}, {})", state, quoted_scad(s.name), op, from, unit, mods);
  }

  std::string primitive(const Statement& s) const {
    const auto& kinds = primitive_kinds();
    const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const PrimitiveKind& k) { return s.word == k.name; });
    if (kind == kinds.end() || s.word == "terrain" || s.word == "metaballs" || s.word == "algebraic") no_form(s.word, s.line);
    std::vector<std::string> args, points;
    size_t place = 0;
    for (const ShapeArg& arg : s.args) {
      if (arg.value.kind == Expr::Kind::list)
        points.push_back(expression(arg.value));
      else
        args.push_back(
            fmt::format("{} = {}", arg.name.empty() && place < kind->arguments.size() ? kind->arguments[place++].name : arg.name, expression(arg.value)));
    }
    std::string list;
    if (kind->points) list = fmt::format("[{}]", fmt::join(points, ", ")) + (s.word == "extrude" ? ", " : s.word == "lathe" ? "" : ", ");
    const bool bent = std::any_of(s.modifiers.begin(), s.modifiers.end(), [](const ShapeModifier& m) { return m.word == "bend" || m.word == "twist"; });
    const std::string along = bent ? fmt::format("{}", std::clamp(static_cast<int>(8 * options_.detail), 4, 32)) : "1";
    if (s.word == "lathe") {
      std::string n = "0";
      for (const ShapeArg& arg : s.args)
        if (arg.value.kind != Expr::Kind::list) n = expression(arg.value);
      return fmt::format("let(p_ = {}) lathe_(p_, segments_(max([for (q_ = p_) q_[0]]), {}), {})", list, n, along);
    }
    if (s.word == "wedge" || s.word == "gable") return fmt::format("{}_({})", s.word, fmt::join(args, ", "));
    args.push_back("along = " + along);
    return fmt::format("{}_({}{})", s.word, list, fmt::join(args, ", "));
  }

  std::string used(const Statement& s) {
    if (!options_.library) throw Failure({ErrorCode::invalid_argument, fmt::format("line {}: use: there is no library of shapes here", s.line)});
    if (depth_ >= 8) throw Failure({ErrorCode::invalid_argument, fmt::format("line {}: shapes use each other more than 8 deep", s.line)});
    auto found = value_or_throw(options_.library(s.word));
    Writer inner(*found, options_, functions_, depth_ + 1);
    if (!functions_.contains(inner.function_name())) {
      functions_[inner.function_name()] = "";
      functions_[inner.function_name()] = inner.function();
    }
    std::vector<std::string> args;
    for (const ShapeArg& arg : s.args) args.push_back(fmt::format("{} = {}", variable(arg.name), expression(arg.value)));
    return fmt::format("{}({})", inner.function_name(), fmt::join(args, ", "));
  }

  std::string modifiers(const std::vector<ShapeModifier>& list) const {
    static const std::map<std::string, std::vector<std::string>> kNames{{"at", {"x", "y", "z"}},
                                                                        {"rotate", {"axis", "degrees"}},
                                                                        {"corners", {"inset", "depth"}},
                                                                        {"repeat", {"n", "x", "y", "z"}},
                                                                        {"ring", {"n", "r", "start"}},
                                                                        {"grid", {"nx", "nz", "x", "z"}},
                                                                        {"mirror", {"axis"}},
                                                                        {"bend", {"degrees", "about"}},
                                                                        {"twist", {"degrees"}},
                                                                        {"taper", {"x", "z"}},
                                                                        {"shell", {"wall"}},
                                                                        {"sink", {"by"}},
                                                                        {"scale", {"x", "y", "z"}}};
    std::vector<std::string> out;
    for (const ShapeModifier& m : list) {
      if (!m.target.empty()) {
        if (m.word != "from" && m.word != "is") out.push_back(fmt::format("[{}, {}]", quoted_scad(m.word), quoted_scad(m.target)));
        continue;
      }
      const auto& names = kNames.at(m.word);
      std::vector<std::string> values(names.size(), "undef");
      size_t place = 0;
      for (const ShapeArg& arg : m.args) {
        const auto at = arg.name.empty() ? place++ : static_cast<size_t>(std::find(names.begin(), names.end(), arg.name) - names.begin());
        if (at >= values.size()) continue;
        const bool axis = (names[at] == "axis" || names[at] == "about") && arg.value.kind == Expr::Kind::name &&
                          std::find(words_.begin(), words_.end(), arg.value.word) != words_.end();  // even where a number has its name
        values[at] = axis ? quoted_scad(arg.value.word) : expression(arg.value);
      }
      out.push_back(fmt::format("[{}, {}]", quoted_scad(m.word), fmt::join(values, ", ")));
    }
    return fmt::format("[{}]", fmt::join(out, ", "));
  }

  /// The colour of a material: known now, or of a word that is known when the file is rendered.
  std::string material(const std::string& called) const {
    if (const auto declared = materials_.find(called); declared != materials_.end()) return declared->second;
    return fmt::format("colour_({})", is_variable(called) ? variable(called) : quoted_scad(called));
  }
  /// The same of one that is declared: its colour where it has one, else that of its kind.
  std::string colour_of_material(const Statement& s) const {
    for (const ShapeArg& arg : s.args)
      if (arg.name.empty() || arg.name == "color") return fmt::format("colour_({})", expression(arg.value));
    return material(s.word);
  }

  const ShapeProgram& program_;
  const ShapeOptions& options_;
  std::map<std::string, std::string>& functions_;
  int depth_, states_ = 0;
  std::string state_ = "nothing_";
  std::vector<std::string> words_, names_;        ///< axes; variables that are known at this place
  std::map<std::string, std::string> materials_;  ///< the colour of each that is declared
};

/// What a customizer shows for a parameter.
std::string customizer(const ShapeParameter& p, const std::string& value) {
  std::string out;
  if (!p.note.empty()) out += "// " + p.note + "\n";
  out += fmt::format("{} = {};", p.name, value);
  if (p.low < p.high) {
    const bool whole = p.value.number == std::floor(p.value.number) && p.low == std::floor(p.low) && p.high == std::floor(p.high);
    out += fmt::format(" // [{}:{}:{}]", shape_number(p.low), whole ? "1" : "0.001", shape_number(p.high));
  } else if (!p.choices.empty()) {
    out += fmt::format(" // [{}]", fmt::join(p.choices, ", "));
  }
  return out + "\n";
}

std::string value_text(const ShapeValue& v) {
  switch (v.kind) {
    case ShapeValue::Kind::number:
      return shape_number(v.number);
    case ShapeValue::Kind::boolean:
      return v.number != 0 ? "true" : "false";
    case ShapeValue::Kind::list: {
      std::vector<std::string> numbers;
      for (const double x : v.list) numbers.push_back(shape_number(x));
      return fmt::format("[{}]", fmt::join(numbers, ", "));
    }
    default:
      return quoted_scad(v.word);
  }
}

/// Every colour and material word with its colour.
std::string colour_table() {
  std::string out = "colours_ = [";
  for (const std::string& word : colour_words()) out += fmt::format("[{}, {}], ", quoted_scad(word), colour_text(value_or_throw(colour_of(word)), 1));
  for (const std::string& word : material_words()) {
    const Material m = value_or_throw(material_of(word));
    out += fmt::format("[{}, {}], ", quoted_scad(word), colour_text(m.albedo, m.opacity));
  }
  out += "];\nfunction digit_(c) = search(c, \"0123456789abcdef\")[0] == undef ? search(c, \"0123456789ABCDEF\")[0] : search(c, \"0123456789abcdef\")[0];\n";
  out +=
      "function colour_(word) = word[0] == \"#\" ? [for (i = [0:2]) (16 * digit_(word[1 + 2 * i]) + digit_(word[2 + 2 * i])) / 255] : let(found = [for (c = "
      "colours_) if (c[0] == word) c[1]]) found[0];\n";
  return out;
}

std::string head_of(const ShapeProgram& program) { return fmt::format("// {}{}\n", program.name, program.title.empty() ? "" : ": " + program.title); }

/// The solids as they are, for what has no form in OpenSCAD; `why` says what that is.
Result<std::string> polyhedra_of(const ShapeProgram& program, const ShapeOptions& options, const std::string& why) {
  PTAH_TRY(const Assembly assembly, run_shape(program, options));
  PTAH_TRY(const std::vector<Solid> solids, solids_of(assembly));
  PTAH_TRY(const std::vector<ShapeParameter> parameters, shape_parameters(program));
  std::string out = head_of(program) + fmt::format("// Made by Ptah. {}: these are its parts as polyhedra, in millimetres.\n", why);
  if (!parameters.empty()) out += "// The parameters cannot be changed here; they were:\n";
  for (const ShapeParameter& p : parameters) {
    const auto set = options.set.find(p.name);
    out += fmt::format("//   {} = {}\n", p.name, set == options.set.end() ? value_text(p.value) : shape_text(set->second));
  }
  for (const Solid& solid : solids) {
    out += fmt::format("// {}\ncolor({}) polyhedron(points = [", solid.label, colour_text(solid.material.albedo, solid.material.opacity));
    for (const Vec3& p : solid.mesh.positions) out += fmt::format("[{:.9g}, {:.9g}, {:.9g}],\n", 1000 * p[0], -1000 * p[2], 1000 * p[1]);
    out += "], faces = [";
    for (const auto& [a, b, c] : solid.mesh.triangles) out += fmt::format("[{}, {}, {}],\n", c, b, a);  // OpenSCAD's faces run clockwise
    out += "], convexity = 10);\n";
  }
  return out;
}

}  // namespace

Result<std::string> openscad_of(const ShapeProgram& program, const ShapeOptions& options) {
  PTAH_TRY_VOID(run_shape(program, options));  // what is refused there is refused here
  auto written = guard([&]() -> Result<std::string> {
    PTAH_TRY(const std::vector<ShapeParameter> parameters, shape_parameters(program));
    std::map<std::string, std::string> functions;
    Writer writer(program, options, functions, 0);
    const std::string main = writer.function();
    std::string out =
        head_of(program) + "// Made by Ptah. Lengths are metres here, the solid is in millimetres. Change the values below, or use the customizer.\n";
    out += "/* [Parameters] */\n";
    std::vector<std::string> args;
    for (const ShapeParameter& p : parameters) {
      const auto set = options.set.find(p.name);
      out += customizer(p, set == options.set.end() ? value_text(p.value) : writer.expression(set->second));
      args.push_back(fmt::format("{} = {}", Writer::variable(p.name), p.name));
    }
    out += fmt::format("/* [Hidden] */\ndetail_ = {};\n", shape_number(options.detail));
    out += fmt::format("draw_({}({}));\n\n", writer.function_name(), fmt::join(args, ", "));
    out += main;
    for (const auto& [name, text] : functions) out += text;
    return out + kOpenScadRuntime + colour_table();
  });
  if (!written && written.error().code == ErrorCode::unsupported) return polyhedra_of(program, options, written.error().message);
  return written;
}

}  // namespace ptah
