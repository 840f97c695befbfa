// Shape programs as syntax: what a .shape file says, as a tree, as text and as JSON.
//
//   shape table "a table with round legs"
//   param legs_high = 0.7 in [0.4, 1.1] "height of the legs in metres"
//   param top = round of (round, square)
//   material wood = wood brown
//   part plate = cylinder(r = 0.4, h = 0.03) at (0, legs_high, 0) is wood
//   part leg = cylinder(r = 0.02, h = legs_high) under plate corners(0.15) is wood
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace ptah {

/// An expression: a number (metres, degrees or a count), true or false, a name, a text, a list in parentheses, or a call, which operators are too.
struct ShapeExpr {
  enum class Kind : uint8_t { number, boolean, name, text, list, call };
  Kind kind = Kind::number;
  double number = 0;            ///< of number; of boolean 0 or 1
  std::string word;             ///< of name, text and call ("+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!=", "and", "or", "not", "min", "max", …)
  std::vector<ShapeExpr> args;  ///< of list and call
  bool operator==(const ShapeExpr&) const = default;
};

struct ShapeArg {
  std::string name;  ///< empty: by its place
  ShapeExpr value;
  bool operator==(const ShapeArg&) const = default;
};

/// What stands behind a part, group or use: "at (0, 1, 0)", "on seat", "corners(0.1)", "is wood".
struct ShapeModifier {
  std::string word;
  std::string target;          ///< the name that on, under, left, right, front, behind, in, from, is and as take
  std::vector<ShapeArg> args;  ///< of the others
  bool operator==(const ShapeModifier&) const = default;
};

struct ShapeStatement {
  enum class Kind : uint8_t { param, let, material, part, use, group, when, loop };
  enum class Op : uint8_t { add, cut, blend };
  Kind kind = Kind::part;
  int line = 0;                             ///< 0 where it came from JSON; not compared
  std::string name;                         ///< of param, let, material, part, group and loop; of use: what it is called here
  std::string note;                         ///< of param: its description
  std::optional<ShapeExpr> value;           ///< of param (default), let, when (condition); of a blend its radius
  std::optional<ShapeExpr> low, high;       ///< of param: its range; of loop: from and to
  std::vector<std::string> choices;         ///< of param: its words
  std::string word;                         ///< of material: its kind; of part: the primitive; of use: the shape
  std::vector<ShapeArg> args;               ///< of material, part and use
  std::vector<ShapeModifier> modifiers;     ///< of part, use and group
  std::vector<ShapeStatement> body, other;  ///< of group, when and loop; `other`: what stands behind else
  Op op = Op::add;
  bool operator==(const ShapeStatement& o) const {
    return kind == o.kind && name == o.name && note == o.note && value == o.value && low == o.low && high == o.high && choices == o.choices && word == o.word &&
           args == o.args && modifiers == o.modifiers && body == o.body && other == o.other && op == o.op;
  }
};

struct ShapeProgram {
  std::string name, title;
  std::vector<ShapeStatement> statements;
  bool operator==(const ShapeProgram&) const = default;
};

/// Longest text that is read, and how deep it may nest.
constexpr size_t kMaxShapeBytes = size_t{1} << 20;
constexpr int kMaxShapeDepth = 32;

/// Reads a program. Errors: corrupt, with the line, what was expected and what stands there; over_budget for what is too long or too deep.
Result<ShapeProgram> parse_shape(std::string_view text);
/// One expression, as behind `--set NAME=`. Errors as parse_shape.
Result<ShapeExpr> parse_shape_expression(std::string_view text);
/// The program as text; parse_shape gives the same tree.
std::string shape_text(const ShapeProgram& program);
std::string shape_text(const ShapeExpr& expression);

/// The program as JSON and back. Errors: corrupt.
Json shape_json(const ShapeProgram& program);
Result<ShapeProgram> shape_from_json(const Json& json);

/// A number as programs have it: the shortest digits that read back as the same double.
std::string shape_number(double value);

}  // namespace ptah
