// Shape programs as text and as JSON.
#include <array>

#include "shape/program/syntax.h"

namespace ptah {

namespace {

using Expr = ShapeExpr;
using Statement = ShapeStatement;

/// How tightly an operator binds; 9 for what needs no parentheses.
int binding(const Expr& e) {
  if (e.kind == Expr::Kind::number && e.number < 0) return 6;
  if (e.kind != Expr::Kind::call) return 9;
  if (e.word == "or") return 1;
  if (e.word == "and") return 2;
  if (e.word == "not") return 3;
  for (const char* sign : {"==", "!=", "<=", ">=", "<", ">"})
    if (e.word == sign) return 4;
  if (e.args.size() == 2 && (e.word == "+" || e.word == "-")) return 5;
  if (e.word == "-" || e.word == "*" || e.word == "/") return e.args.size() == 1 ? 7 : 6;
  return 9;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string text_of(const Expr& e);

std::string joined(const std::vector<Expr>& list) {
  std::string out;
  for (const Expr& e : list) out += fmt::format("{}{}", out.empty() ? "" : ", ", text_of(e));
  return out;
}

std::string within(const Expr& e, int min_binding) { return binding(e) < min_binding ? fmt::format("({})", text_of(e)) : text_of(e); }

std::string text_of(const Expr& e) {
  switch (e.kind) {
    case Expr::Kind::number:
      return shape_number(e.number);
    case Expr::Kind::boolean:
      return e.number != 0 ? "true" : "false";
    case Expr::Kind::name:
      return e.word;
    case Expr::Kind::text:
      return quoted(e.word);
    case Expr::Kind::list:
      return fmt::format("({})", joined(e.args));
    case Expr::Kind::call:
      break;
  }
  const int own = binding(e);
  if (own == 9 || e.args.empty()) return fmt::format("{}({})", e.word, joined(e.args));
  if (e.args.size() == 1)
    return e.word == "not" ? "not " + within(e.args[0], 3)
                           : e.word + (e.args[0].kind == Expr::Kind::number ? fmt::format("({})", text_of(e.args[0])) : within(e.args[0], 7));
  const int left = own == 4 ? 5 : own, right = own == 4 ? 5 : own + 1;
  return fmt::format("{} {} {}", within(e.args[0], left), e.word, within(e.args[1], right));
}

std::string arguments(const std::vector<ShapeArg>& args) {
  std::string out;
  for (const ShapeArg& arg : args) out += fmt::format("{}{}{}{}", out.empty() ? "" : ", ", arg.name, arg.name.empty() ? "" : " = ", text_of(arg.value));
  return fmt::format("({})", out);
}

std::string modifiers(const std::vector<ShapeModifier>& list) {
  std::string out;
  for (const ShapeModifier& m : list) out += m.target.empty() ? fmt::format(" {}{}", m.word, arguments(m.args)) : fmt::format(" {} {}", m.word, m.target);
  return out;
}

void print(std::string& out, const Statement& s, const std::string& indent);

void print_block(std::string& out, const std::vector<Statement>& body, const std::string& indent) {
  out += " {\n";
  for (const Statement& s : body) print(out, s, indent + "  ");
  out += indent + "}";
}

void print(std::string& out, const Statement& s, const std::string& indent) {
  out += indent;
  if (s.op == Statement::Op::cut) out += "cut ";
  if (s.op == Statement::Op::blend) out += fmt::format("blend({}) ", text_of(*s.value));
  switch (s.kind) {
    case Statement::Kind::param:
      out += fmt::format("param {} = {}", s.name, text_of(*s.value));
      if (s.low) out += fmt::format(" in [{}, {}]", text_of(*s.low), text_of(*s.high));
      if (!s.choices.empty()) out += fmt::format(" of ({})", fmt::join(s.choices, ", "));
      if (!s.note.empty()) out += fmt::format(" {}", quoted(s.note));
      break;
    case Statement::Kind::let:
      out += fmt::format("let {} = {}", s.name, text_of(*s.value));
      break;
    case Statement::Kind::material:
      out += fmt::format("material {} = {}{}", s.name, s.word, s.args.empty() ? "" : arguments(s.args));
      break;
    case Statement::Kind::part:
      out += fmt::format("part {} = {}{}{}", s.name, s.word, arguments(s.args), modifiers(s.modifiers));
      break;
    case Statement::Kind::use:
      out += "use " + s.word + arguments(s.args) + (s.name == s.word ? "" : " as " + s.name) + modifiers(s.modifiers);
      break;
    case Statement::Kind::group:
      out += "group " + s.name;
      print_block(out, s.body, indent);
      out += modifiers(s.modifiers);
      break;
    case Statement::Kind::loop:
      out += fmt::format("for {} = {} to {}", s.name, text_of(*s.low), text_of(*s.high));
      print_block(out, s.body, indent);
      break;
    case Statement::Kind::when:
      out += "if " + text_of(*s.value);
      print_block(out, s.body, indent);
      if (!s.other.empty()) {
        out += " else";
        print_block(out, s.other, indent);
      }
      break;
  }
  out += '\n';
}

}  // namespace

std::string shape_number(double value) { return ecmascript_number(value); }

std::string shape_text(const ShapeExpr& expression) { return text_of(expression); }

std::string shape_text(const ShapeProgram& program) {
  std::string out = fmt::format("shape {}{}{}\n", program.name, program.title.empty() ? "" : " ", program.title.empty() ? "" : quoted(program.title));
  for (const Statement& s : program.statements) print(out, s, "");
  return out;
}

// ---- JSON

namespace {

constexpr std::array<const char*, 8> kStatementKinds{"param", "let", "material", "part", "use", "group", "if", "for"};
constexpr std::array<const char*, 3> kOps{"add", "cut", "blend"};

/// A number, true, "text" as {"text": …}, a name as "name", a list as an array, a call as {"call": "+", "args": […]}.
Json json_of(const Expr& e) {
  switch (e.kind) {
    case Expr::Kind::number:
      return e.number;
    case Expr::Kind::boolean:
      return e.number != 0;
    case Expr::Kind::name:
      return e.word;
    case Expr::Kind::text:
      return {{"text", e.word}};
    default:
      break;
  }
  Json list = Json::array();
  for (const Expr& arg : e.args) list.push_back(json_of(arg));
  return e.kind == Expr::Kind::list ? list : Json{{"call", e.word}, {"args", list}};
}

Json json_of(const std::vector<ShapeArg>& args) {
  Json out = Json::array();
  for (const ShapeArg& arg : args)
    out.push_back(arg.name.empty() ? Json{{"value", json_of(arg.value)}} : Json{{"name", arg.name}, {"value", json_of(arg.value)}});
  return out;
}

Json json_of(const Statement& s);

Json json_of(const std::vector<Statement>& list) {
  Json out = Json::array();
  for (const Statement& s : list) out.push_back(json_of(s));
  return out;
}

Json json_of(const Statement& s) {
  Json out{{"kind", kStatementKinds[static_cast<size_t>(s.kind)]}};
  if (s.op != Statement::Op::add) out["op"] = kOps[static_cast<size_t>(s.op)];
  if (!s.name.empty()) out["name"] = s.name;
  if (!s.note.empty()) out["note"] = s.note;
  if (s.value) out["value"] = json_of(*s.value);
  if (s.low) out["low"] = json_of(*s.low);
  if (s.high) out["high"] = json_of(*s.high);
  if (!s.choices.empty()) out["choices"] = s.choices;
  if (!s.word.empty()) out["is"] = s.word;
  if (!s.args.empty()) out["args"] = json_of(s.args);
  for (const ShapeModifier& m : s.modifiers)
    out["modifiers"].push_back(m.target.empty() ? Json{{"is", m.word}, {"args", json_of(m.args)}} : Json{{"is", m.word}, {"target", m.target}});
  if (!s.body.empty()) out["body"] = json_of(s.body);
  if (!s.other.empty()) out["else"] = json_of(s.other);
  return out;
}

template <size_t N>
size_t index_of(const std::array<const char*, N>& names, const std::string& name) {
  for (size_t i = 0; i < N; ++i)
    if (name == names[i]) return i;
  throw Failure({ErrorCode::corrupt, fmt::format("unknown '{}'", name)});
}

Expr expr_of(const Json& json) {
  Expr e;
  if (json.is_number()) {
    e.number = json.get<double>();
  } else if (json.is_boolean()) {
    e.kind = Expr::Kind::boolean;
    e.number = json.get<bool>() ? 1 : 0;
  } else if (json.is_string()) {
    e.kind = Expr::Kind::name;
    e.word = json.get<std::string>();
  } else if (json.is_array()) {
    e.kind = Expr::Kind::list;
    for (const Json& arg : json) e.args.push_back(expr_of(arg));
  } else if (json.contains("text")) {
    e.kind = Expr::Kind::text;
    e.word = json.at("text").get<std::string>();
  } else {
    e.kind = Expr::Kind::call;
    e.word = json.at("call").get<std::string>();
    for (const Json& arg : json.at("args")) e.args.push_back(expr_of(arg));
  }
  return e;
}

std::vector<ShapeArg> args_of(const Json& json) {
  std::vector<ShapeArg> out;
  for (const Json& arg : json) out.push_back({arg.value("name", ""), expr_of(arg.at("value"))});
  return out;
}

/// Throws Failure (corrupt) where a statement lacks what it cannot be printed without.
void check_whole(const Statement& s) {
  using Kind = Statement::Kind;
  const bool needs_value = s.kind == Kind::param || s.kind == Kind::let || s.kind == Kind::when || s.op == Statement::Op::blend;
  const bool needs_range = s.kind == Kind::loop;
  if (needs_value && !s.value)
    throw Failure({ErrorCode::corrupt, fmt::format("shape program: '{}' of kind {} has no value", s.name, kStatementKinds[static_cast<size_t>(s.kind)])});
  if (s.low.has_value() != s.high.has_value() || (needs_range && !s.low))
    throw Failure({ErrorCode::corrupt, fmt::format("shape program: the range of '{}' needs low and high", s.name)});
}

Statement statement_of(const Json& json) {
  Statement s;
  s.kind = static_cast<Statement::Kind>(index_of(kStatementKinds, json.at("kind").get<std::string>()));
  s.op = static_cast<Statement::Op>(index_of(kOps, json.value("op", "add")));
  s.name = json.value("name", "");
  s.note = json.value("note", "");
  if (json.contains("value")) s.value = expr_of(json["value"]);
  if (json.contains("low")) s.low = expr_of(json["low"]);
  if (json.contains("high")) s.high = expr_of(json["high"]);
  if (json.contains("choices")) s.choices = json["choices"].get<std::vector<std::string>>();
  s.word = json.value("is", "");
  if (json.contains("args")) s.args = args_of(json["args"]);
  if (json.contains("modifiers"))
    for (const Json& m : json["modifiers"])
      s.modifiers.push_back({m.at("is").get<std::string>(), m.value("target", ""), m.contains("args") ? args_of(m["args"]) : std::vector<ShapeArg>()});
  if (json.contains("body"))
    for (const Json& inner : json["body"]) s.body.push_back(statement_of(inner));
  if (json.contains("else"))
    for (const Json& inner : json["else"]) s.other.push_back(statement_of(inner));
  check_whole(s);
  return s;
}

}  // namespace

Json shape_json(const ShapeProgram& program) {
  Json out{{"shape", program.name}, {"statements", json_of(program.statements)}};
  if (!program.title.empty()) out["title"] = program.title;
  return out;
}

Result<ShapeProgram> shape_from_json(const Json& json) {
  auto program = guard([&]() -> Result<ShapeProgram> {
    try {
      ShapeProgram out;
      out.name = json.at("shape").get<std::string>();
      out.title = json.value("title", "");
      for (const Json& statement : json.at("statements")) out.statements.push_back(statement_of(statement));
      return out;
    } catch (const Json::exception& problem) {
      return fail(ErrorCode::corrupt, "shape program: {}", problem.what());
    }
  });
  if (!program) return program;
  // What the grammar has no way to say is no program: names with blanks, parts without a primitive …
  const auto again = parse_shape(shape_text(*program));
  if (!again) return fail(ErrorCode::corrupt, "shape program: {}", again.error().message);
  if (!(*again == *program)) return fail(ErrorCode::corrupt, "shape program: it says what the language cannot say");
  return program;
}

}  // namespace ptah
