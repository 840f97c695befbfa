#include "geometry/field/formula.h"

#include <charconv>
#include <cmath>
#include <numbers>

namespace ptah {

namespace {

/// A value with its derivatives along x, y and z.
struct Dual {
  double value = 0;
  std::array<double, 3> slope{};
};

Dual along(const Dual& a, double value, double derivative) { return {value, {a.slope[0] * derivative, a.slope[1] * derivative, a.slope[2] * derivative}}; }
Dual mixed(double value, const Dual& a, double by_a, const Dual& b, double by_b) {
  Dual out{value, {}};
  for (size_t k = 0; k < 3; ++k) out.slope[k] = a.slope[k] * by_a + b.slope[k] * by_b;
  return out;
}

Dual power(const Dual& a, const Dual& b) {
  const double value = std::pow(a.value, b.value);
  const bool fixed = b.slope == std::array<double, 3>{};
  const double by_a = b.value == 0 ? 0 : b.value * std::pow(a.value, b.value - 1);
  return fixed ? along(a, value, by_a) : mixed(value, a, by_a, b, a.value > 0 ? value * std::log(a.value) : 0);
}

}  // namespace

class FormulaParser {
 public:
  using Op = Formula::Op;
  explicit FormulaParser(std::string_view text) : text_(text) {}

  Result<Formula> run() {
    PTAH_TRY_VOID(sum(0));
    if (skip('=')) {
      PTAH_TRY_VOID(sum(0));
      PTAH_TRY_VOID(push(Op::subtract));
    }
    if (now() != 0) return wrong("an operator or the end");
    return std::move(out_);
  }

 private:
  char now() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool skip(char c) {
    if (now() != c) return false;
    ++at_;
    return true;
  }
  tl::unexpected<Error> wrong(std::string_view expected) {
    const std::string found = now() == 0 ? "the end" : fmt::format("'{}'", now());
    return fail(ErrorCode::corrupt, "formula: expected {} at character {}, found {}", expected, at_ + 1, found);
  }
  Result<void> push(Op op, double number = 0) {
    if (out_.steps_.size() >= Formula::kMaxSteps) return fail(ErrorCode::over_budget, "formula: more than {} steps", Formula::kMaxSteps);
    out_.steps_.push_back({op, number});
    if (op <= Op::z)
      out_.deepest_ = std::max(out_.deepest_, ++waiting_);
    else if ((op >= Op::add && op <= Op::power) || op == Op::min || op == Op::max)
      --waiting_;
    return {};
  }

  Result<void> sum(int depth) {
    if (depth > Formula::kMaxDepth) return fail(ErrorCode::over_budget, "formula: nested more than {} deep", Formula::kMaxDepth);
    PTAH_TRY_VOID(product(depth));
    while (now() == '+' || now() == '-') {
      const Op op = text_[at_++] == '+' ? Op::add : Op::subtract;
      PTAH_TRY_VOID(product(depth));
      PTAH_TRY_VOID(push(op));
    }
    return {};
  }
  Result<void> product(int depth) {
    PTAH_TRY_VOID(signed_value(depth));
    while (now() == '*' || now() == '/') {
      const Op op = text_[at_++] == '*' ? Op::multiply : Op::divide;
      PTAH_TRY_VOID(signed_value(depth));
      PTAH_TRY_VOID(push(op));
    }
    return {};
  }
  /// A minus binds less than a power: -x^2 is -(x^2), and 2^-1 is possible.
  Result<void> signed_value(int depth) {
    if (depth > Formula::kMaxDepth) return fail(ErrorCode::over_budget, "formula: nested more than {} deep", Formula::kMaxDepth);
    if (skip('-')) {
      PTAH_TRY_VOID(signed_value(depth + 1));
      return push(Op::negate);
    }
    PTAH_TRY_VOID(primary(depth));
    if (!skip('^')) return {};
    PTAH_TRY_VOID(signed_value(depth + 1));
    return push(Op::power);
  }
  Result<void> primary(int depth) {
    const char c = now();
    if (skip('(')) {
      PTAH_TRY_VOID(sum(depth + 1));
      if (!skip(')')) return wrong("')'");
      return {};
    }
    if ((c >= '0' && c <= '9') || c == '.') return number();
    if (c < 'a' || c > 'z') return wrong("a number, x, y, z, a function or '('");
    const size_t begin = at_;
    while (at_ < text_.size() && text_[at_] >= 'a' && text_[at_] <= 'z') ++at_;
    return named(text_.substr(begin, at_ - begin), depth);
  }
  Result<void> number() {
    double value = 0;
    const auto [end, problem] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (problem != std::errc() || !std::isfinite(value)) return wrong("a number");
    at_ = static_cast<size_t>(end - text_.data());
    return push(Op::number, value);
  }
  Result<void> named(std::string_view name, int depth) {
    if (name == "x") return push(Op::x);
    if (name == "y") return push(Op::y);
    if (name == "z") return push(Op::z);
    if (name == "pi") return push(Op::number, std::numbers::pi);
    struct Function {
      std::string_view name;
      Op op;
    };
    static constexpr std::array<Function, 9> kFunctions{{{"sin", Op::sin},
                                                         {"cos", Op::cos},
                                                         {"tan", Op::tan},
                                                         {"exp", Op::exp},
                                                         {"log", Op::log},
                                                         {"sqrt", Op::sqrt},
                                                         {"abs", Op::abs},
                                                         {"min", Op::min},
                                                         {"max", Op::max}}};
    for (const Function& f : kFunctions) {
      if (f.name != name) continue;
      if (!skip('(')) return wrong(fmt::format("'(' behind {}", name));
      PTAH_TRY_VOID(sum(depth + 1));
      if (f.op == Op::min || f.op == Op::max) {
        if (!skip(',')) return wrong("','");
        PTAH_TRY_VOID(sum(depth + 1));
      }
      if (!skip(')')) return wrong("')'");
      return push(f.op);
    }
    return fail(ErrorCode::corrupt, "formula: '{}' is unknown; known: x y z pi sin cos tan exp log sqrt abs min max", name);
  }

  std::string_view text_;
  size_t at_ = 0, waiting_ = 0;
  Formula out_;
};

Result<Formula> Formula::parse(std::string_view text) {
  if (text.size() > kMaxBytes) return fail(ErrorCode::over_budget, "formula: {} bytes; at most {} are read", text.size(), kMaxBytes);
  return FormulaParser(text).run();
}

namespace {

template <class Op>
Dual of_one(Op op, const Dual& a) {
  const double v = a.value;
  switch (op) {
    case Op::negate:
      return along(a, -v, -1);
    case Op::sin:
      return along(a, std::sin(v), std::cos(v));
    case Op::cos:
      return along(a, std::cos(v), -std::sin(v));
    case Op::tan:
      return along(a, std::tan(v), 1 + std::tan(v) * std::tan(v));
    case Op::exp:
      return along(a, std::exp(v), std::exp(v));
    case Op::log:
      return along(a, std::log(v), 1 / v);
    case Op::sqrt:
      return along(a, std::sqrt(v), v > 0 ? 0.5 / std::sqrt(v) : 0);
    default:
      return along(a, std::abs(v), v < 0 ? -1 : 1);
  }
}

template <class Op>
Dual of_two(Op op, const Dual& a, const Dual& b) {
  switch (op) {
    case Op::add:
      return mixed(a.value + b.value, a, 1, b, 1);
    case Op::subtract:
      return mixed(a.value - b.value, a, 1, b, -1);
    case Op::multiply:
      return mixed(a.value * b.value, a, b.value, b, a.value);
    case Op::divide:
      return mixed(a.value / b.value, a, 1 / b.value, b, -a.value / (b.value * b.value));
    case Op::min:
      return a.value <= b.value ? a : b;
    case Op::max:
      return a.value >= b.value ? a : b;
    default:
      return power(a, b);
  }
}

}  // namespace

FieldSample Formula::at(const Vec3& point) const {
  std::array<Dual, 2 * kMaxDepth + 8> few;
  std::vector<Dual> many;
  Dual* stack = few.data();
  if (deepest_ > few.size()) {
    many.resize(deepest_);
    stack = many.data();
  }
  size_t top = 0;
  for (const Step& step : steps_) {
    if (step.op == Op::number) {
      stack[top++] = {step.number, {}};
    } else if (step.op <= Op::z) {
      const auto axis = static_cast<size_t>(step.op) - static_cast<size_t>(Op::x);
      stack[top] = {static_cast<double>(point[axis]), {}};
      stack[top++].slope[axis] = 1;
    } else if ((step.op >= Op::add && step.op <= Op::power) || step.op == Op::min || step.op == Op::max) {
      --top;
      stack[top - 1] = of_two(step.op, stack[top - 1], stack[top]);
    } else {
      stack[top - 1] = of_one(step.op, stack[top - 1]);
    }
  }
  const Dual& out = stack[0];
  return {static_cast<float>(out.value), {static_cast<float>(out.slope[0]), static_cast<float>(out.slope[1]), static_cast<float>(out.slope[2])}};
}

}  // namespace ptah
