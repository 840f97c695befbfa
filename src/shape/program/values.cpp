#include "shape/program/values.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/text.h"

namespace ptah {

const ShapeValue* ShapeScope::find(const std::string& name) const {
  const auto found = values_.find(name);
  return found != values_.end() ? &found->second : around_ ? around_->find(name) : nullptr;
}

const Bounds* ShapeScope::place_of(const std::string& name) const {
  const auto found = places_.find(name);
  if (found != places_.end()) return &found->second;
  return shares_places && around_ ? around_->place_of(name) : nullptr;
}

std::vector<std::string> ShapeScope::places() const {
  std::vector<std::string> out = shares_places && around_ ? around_->places() : std::vector<std::string>();
  for (const auto& [name, bounds] : places_) out.push_back(name);
  return out;
}

const Material* ShapeScope::material_named(const std::string& name) const {
  const auto found = materials_.find(name);
  return found != materials_.end() ? &found->second : around_ ? around_->material_named(name) : nullptr;
}

std::vector<std::string> ShapeScope::names() const {
  std::vector<std::string> out = around_ ? around_->names() : std::vector<std::string>();
  for (const auto& [name, value] : values_) out.push_back(name);
  return out;
}

void shape_error(int line, const std::string& message) {
  throw Failure({ErrorCode::invalid_argument, line > 0 ? fmt::format("line {}: {}", line, message) : message});
}

double shape_number_of(const ShapeValue& value, const char* what, int line) {
  if (value.kind != ShapeValue::Kind::number)
    shape_error(line, fmt::format("{} is a number, not {}", what, value.word.empty() ? "a list or true and false" : "'" + value.word + "'"));
  return value.number;
}

namespace {

using Kind = ShapeValue::Kind;

ShapeValue number(double value, int line) {
  if (!std::isfinite(value)) shape_error(line, "a number that is not finite (divided by 0?)");
  ShapeValue out;
  out.number = value;
  return out;
}
ShapeValue boolean(bool value) {
  ShapeValue out;
  out.kind = Kind::boolean;
  out.number = value ? 1 : 0;
  return out;
}

/// seat.top, seat.width …: of a part that stands already.
std::optional<double> property(const std::string& name, const ShapeScope& scope, int line) {
  const size_t dot = name.find('.');
  if (dot == std::string::npos) return std::nullopt;
  const std::string part = name.substr(0, dot), what = name.substr(dot + 1);
  const Bounds* at = scope.place_of(part);
  if (!at) throw Failure(Error{ErrorCode::invalid_argument, fmt::format("line {}: {}", line, unknown_name("part", part, scope.places()).value().message)});
  const Vec3 size = at->size(), centre = at->centre();
  if (what == "width") return size[0];
  if (what == "height") return size[1];
  if (what == "depth") return size[2];
  if (what == "top") return at->high[1];
  if (what == "bottom") return at->low[1];
  if (what == "right") return at->high[0];
  if (what == "left") return at->low[0];
  if (what == "front") return at->high[2];
  if (what == "back") return at->low[2];
  if (what == "x") return centre[0];
  if (what == "y") return centre[1];
  if (what == "z") return centre[2];
  shape_error(line, unknown_name("property", what, "width height depth top bottom left right front back x y z").value().message);
}

class Evaluator {
 public:
  Evaluator(const ShapeScope& scope, const std::vector<std::string>& words, int line, Budget& budget)
      : scope_(scope), words_(words), line_(line), budget_(budget) {}

  ShapeValue value(const ShapeExpr& e) {
    budget_.step();
    switch (e.kind) {
      case ShapeExpr::Kind::number:
        return number(e.number, line_);
      case ShapeExpr::Kind::boolean:
        return boolean(e.number != 0);
      case ShapeExpr::Kind::text:
        return text(e.word);
      case ShapeExpr::Kind::name:
        return named(e.word);
      case ShapeExpr::Kind::list:
        return list(e);
      case ShapeExpr::Kind::call:
        return call(e);
    }
    return {};
  }

 private:
  static ShapeValue text(const std::string& word) {
    ShapeValue out;
    out.kind = Kind::text;
    out.word = word;
    return out;
  }
  ShapeValue named(const std::string& name) {
    if (const ShapeValue* found = scope_.find(name)) return *found;
    if (const auto found = property(name, scope_, line_)) return number(*found, line_);
    if (std::find(words_.begin(), words_.end(), name) == words_.end()) {
      std::vector<std::string> known = scope_.names();
      known.insert(known.end(), words_.begin(), words_.end());
      const std::string near = did_you_mean(name, known);
      shape_error(line_, fmt::format("unknown name '{}'{}", name, near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
    }
    ShapeValue out;
    out.kind = Kind::word;
    out.word = name;
    return out;
  }
  ShapeValue list(const ShapeExpr& e) {
    ShapeValue out;
    out.kind = Kind::list;
    for (const ShapeExpr& arg : e.args) out.list.push_back(shape_number_of(value(arg), "what stands in a list", line_));
    return out;
  }
  bool truth(const ShapeExpr& e) {
    const ShapeValue v = value(e);
    if (v.kind != Kind::boolean) shape_error(line_, "expected true or false");
    return v.number != 0;
  }
  double arithmetic(const ShapeExpr& e) { return shape_number_of(value(e), "what is computed with", line_); }

  ShapeValue call(const ShapeExpr& e) {
    const std::string& f = e.word;
    const auto needs = [&](size_t n) {
      if (e.args.size() != n) shape_error(line_, fmt::format("{} takes {} values, not {}", f, n, e.args.size()));
    };
    if (f == "and" || f == "or") return boolean(f == "and" ? truth(e.args[0]) && truth(e.args[1]) : truth(e.args[0]) || truth(e.args[1]));
    if (f == "not") return boolean(!truth(e.args[0]));
    if (f == "==" || f == "!=") {
      ShapeValue a = value(e.args[0]), b = value(e.args[1]);
      if ((a.kind == Kind::text && b.kind == Kind::word) || (a.kind == Kind::word && b.kind == Kind::text)) a.kind = b.kind;
      return boolean((a == b) == (f == "=="));
    }
    if (f == "pick") {
      needs(3);
      return truth(e.args[0]) ? value(e.args[1]) : value(e.args[2]);
    }
    if (f == "-" && e.args.size() == 1) return number(-arithmetic(e.args[0]), line_);
    if (f == "min" || f == "max") {
      if (e.args.empty()) shape_error(line_, f + " takes at least one value");
      double out = arithmetic(e.args[0]);
      for (size_t i = 1; i < e.args.size(); ++i) out = f == "min" ? std::min(out, arithmetic(e.args[i])) : std::max(out, arithmetic(e.args[i]));
      return number(out, line_);
    }
    static const std::map<std::string, double (*)(double)> kOne{{"sin", [](double x) { return std::sin(x * std::numbers::pi / 180); }},
                                                                {"cos", [](double x) { return std::cos(x * std::numbers::pi / 180); }},
                                                                {"tan", [](double x) { return std::tan(x * std::numbers::pi / 180); }},
                                                                {"sqrt", [](double x) { return std::sqrt(x); }},
                                                                {"abs", [](double x) { return std::abs(x); }},
                                                                {"floor", [](double x) { return std::floor(x); }},
                                                                {"ceil", [](double x) { return std::ceil(x); }},
                                                                {"round", [](double x) { return std::round(x); }}};
    if (const auto found = kOne.find(f); found != kOne.end()) {
      needs(1);
      return number(found->second(arithmetic(e.args[0])), line_);
    }
    if (f == "mod") {
      needs(2);
      return number(std::fmod(arithmetic(e.args[0]), arithmetic(e.args[1])), line_);
    }
    if (e.args.size() != 2) shape_error(line_, unknown_name("function", f, "min max abs floor ceil round sqrt sin cos tan mod pick").value().message);
    const double a = arithmetic(e.args[0]), b = arithmetic(e.args[1]);
    if (f == "+") return number(a + b, line_);
    if (f == "-") return number(a - b, line_);
    if (f == "*") return number(a * b, line_);
    if (f == "/") return number(a / b, line_);
    if (f == "<") return boolean(a < b);
    if (f == "<=") return boolean(a <= b);
    if (f == ">") return boolean(a > b);
    if (f == ">=") return boolean(a >= b);
    shape_error(line_, unknown_name("function", f, "min max abs floor ceil round sqrt sin cos tan mod pick").value().message);
  }

  const ShapeScope& scope_;
  const std::vector<std::string>& words_;
  int line_;
  Budget& budget_;
};

}  // namespace

ShapeValue shape_value(const ShapeExpr& e, const ShapeScope& scope, const std::vector<std::string>& words, int line, Budget& budget) {
  return Evaluator(scope, words, line, budget).value(e);
}

}  // namespace ptah
