// Shape programs run: from parameters to an assembly.
#pragma once

#include <functional>
#include <map>

#include "base/budget.h"
#include "shape/assembly.h"
#include "shape/program/syntax.h"

namespace ptah {

/// A value of a program: a number (metres, degrees, counts), true or false, a word, a text, a list of numbers.
struct ShapeValue {
  enum class Kind : uint8_t { number, boolean, word, text, list };
  Kind kind = Kind::number;
  double number = 0;
  std::string word;
  std::vector<double> list;
  bool operator==(const ShapeValue&) const = default;
};

/// Finds the shape that `use` names. Errors: not_found.
using ShapeLibrary = std::function<Result<std::shared_ptr<const ShapeProgram>>(const std::string& name)>;

struct ShapeOptions {
  std::map<std::string, ShapeExpr> set;  ///< values for parameters, as `--set` gives them
  float detail = 1;                      ///< factor on the number of segments of round surfaces, 0.25 to 8
  ShapeLibrary library;                  ///< none: `use` is an error
};

/// Most parts and vertices of an assembly.
constexpr size_t kMaxParts = 4096, kMaxPartVertices = size_t{4} << 20;

/// Errors: invalid_argument, naming the line and the parameter: unknown names, values out of range, sizes that are not above 0; over_budget; cancelled.
Result<Assembly> run_shape(const ShapeProgram& program, const ShapeOptions& options = {}, const CancelToken* cancel = nullptr);

/// The parameters of a program as they stand without `set`, with their ranges, for help and forms.
struct ShapeParameter {
  std::string name, note;
  ShapeValue value;
  double low = 0, high = 0;          ///< equal: no range
  std::vector<std::string> choices;  ///< empty: not a choice

  /// A number that can be said: it has a range.
  bool is_ranged() const { return value.kind == ShapeValue::Kind::number && high > low; }
};
Result<std::vector<ShapeParameter>> shape_parameters(const ShapeProgram& program);

}  // namespace ptah
