// What the parser of chat templates hands to the renderer.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/budget.h"
#include "text/template/jinja.h"

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
  tuple,        // parts
  map,          // parts: key, value, key, value …
  attribute,    // parts[0].name
  index,        // parts[0][parts[1]]
  slice,        // parts[0][parts[1] : parts[2] : parts[3]], null where left out
  call,         // parts[0](arguments)
  filter,       // parts[0] | name(arguments); parts[0] null: of the block's text
  test,         // parts[0] is name(arguments)
  negate,       // -parts[0]
  positive,     // +parts[0]
  logical_not,  //
  logical_and,  //
  logical_or,   //
  binary,       // parts[0] name parts[1]
  concat,       // parts[0] ~ parts[1] ~ …
  compare,      // parts[0] words[0] parts[1] words[1] parts[2] …
  ternary,      // parts[1] if parts[0] else parts[2] (may be null)
  // statements
  body,          // parts
  print,         // parts[0]
  branch,        // parts: condition, body, condition, body …, else (without condition) last
  loop,          // parts[0] target, parts[1] iterable, parts[2] body, parts[3] else, parts[4] filter; null where left out
  set,           // parts[0] target (variable, attribute of one, or tuple of these), parts[1] value
  set_block,     // parts[0] target, parts[1] body, parts[2] filters or null
  filter_block,  // parts[0] body, parts[1] filters
  with,          // parts[0] body, then targets and values in turn
  macro,         // name, arguments as parameters with defaults, parts[0] body, number: kUses… of what its body names
  call_block,    // parts[0] the call, parts[1] a macro: what `caller` is
  break_loop,
  continue_loop,
};

constexpr int64_t kUsesCaller = 1, kUsesNamed = 2, kUsesPlain = 4;

struct Argument {
  std::string name;  ///< empty: by position
  NodePtr value;     ///< of a macro's parameter: its default, may be null
};

struct Node {
  Op op;
  int line = 0;
  int depth = 1;  ///< of the tree below, itself included
  int64_t number = 0;
  double real = 0;
  std::string name = {};
  std::vector<NodePtr> parts = {};
  std::vector<Argument> arguments = {};
  std::vector<std::string> words = {};
};

enum class TokenKind { name, text, integer, real, sign, end };
struct Token {
  TokenKind kind;
  std::string text;
  int line;
};

/// The pieces of a template: text between tags, and the tokens of each tag.
struct Piece {
  enum class Tag { text, print, statement } tag;
  std::string text;
  std::vector<Token> tokens;
  int line;
};

/// Each throws Failure. What they hold is charged to the budget while they run.
std::vector<Piece> cut(std::string_view text, Budget& budget);
NodePtr parse(std::string_view text, Budget& budget);
std::string render(const Node& tree, const OrderedJson& variables, Budget& budget);

[[noreturn]] void broken(int line, const std::string& what);
[[noreturn]] void not_computed(int line, const std::string& what);

}  // namespace ptah::jinja
