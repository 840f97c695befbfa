// Formulas in x, y and z with their exact gradients.
#pragma once

#include <string_view>

#include "geometry/field/field.h"

namespace ptah {

/// "x^2 + y^2 + z^2 - 1": numbers, x, y, z, pi, + - * / ^, parentheses, and sin cos tan exp log sqrt abs min max (angles in radians). "left = right" is
/// left - right. The gradient comes from the rules of differentiation, applied to each step (forward mode).
class Formula {
 public:
  static constexpr size_t kMaxBytes = 4096, kMaxSteps = 1024;
  static constexpr int kMaxDepth = 64;

  /// Errors: corrupt, with the place and what was expected; over_budget for what is too long or nested too deep.
  static Result<Formula> parse(std::string_view text);
  /// Not finite where the formula has no value.
  FieldSample at(const Vec3& point) const;

 private:
  friend class FormulaParser;
  enum class Op : uint8_t { number, x, y, z, add, subtract, multiply, divide, power, negate, sin, cos, tan, exp, log, sqrt, abs, min, max };
  struct Step {
    Op op;
    double number = 0;
  };
  std::vector<Step> steps_;  ///< in reverse Polish order
  size_t deepest_ = 0;       ///< values that wait at once
};

}  // namespace ptah
