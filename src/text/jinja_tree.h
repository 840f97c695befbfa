// What the parser of chat templates hands to the renderer.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "text/jinja.h"

namespace ptah::jinja {

struct Node;
using NodePtr = std::unique_ptr<Node>;

enum class Op {
  // expressions
  text,         // name
  integer,      // number
  real,         // real
  boolean,      // number
  none,         //
  variable,     // name
  list,         // parts
  map,          // parts: key, value, key, value …
  attribute,    // parts[0].name
  index,        // parts[0][parts[1]]
  slice,        // parts[0][parts[1] : parts[2] : parts[3]], null where left out
  call,         // parts[0](arguments)
  filter,       // parts[0] | name(arguments)
  test,         // parts[0] is name(arguments)
  negate,       // -parts[0]
  logical_not,  //
  logical_and,  //
  logical_or,   //
  binary,       // parts[0] name parts[1]
  ternary,      // parts[1] if parts[0] else parts[2] (may be null)
  // statements
  body,       // parts
  print,      // parts[0]
  branch,     // parts: condition, body, condition, body …, else (without condition) last
  loop,       // names in parts[0] (list of variables), parts[1] iterable, parts[2] body, parts[3] else, parts[4] filter; null where left out
  set,        // parts[0] target (variable, attribute or list of variables), parts[1] value
  set_block,  // parts[0] target, parts[1] body
  macro,      // name, arguments as parameters with defaults, parts[0] body
  break_loop,
  continue_loop,
};

struct Argument {
  std::string name;  ///< empty: by position
  NodePtr value;     ///< of a macro's parameter: its default, may be null
};

struct Node {
  Op op;
  int line = 0;
  std::string name = {};
  int64_t number = 0;
  double real = 0;
  std::vector<NodePtr> parts = {};
  std::vector<Argument> arguments = {};
};

/// Throws Failure.
NodePtr parse(std::string_view text);
std::string render(const Node& tree, const OrderedJson& variables);

}  // namespace ptah::jinja
