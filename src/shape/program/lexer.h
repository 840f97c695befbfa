// Words of shape programs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace ptah {

struct ShapeToken {
  enum class Kind : uint8_t { name, number, text, sign, end };
  Kind kind = Kind::end;
  std::string text;  ///< of signs: "(", "==" …
  double number = 0;
  int line = 1;
};

/// Errors: corrupt, with the line.
Result<std::vector<ShapeToken>> shape_tokens(std::string_view text);

/// Words of the language itself, which cannot name anything.
bool is_shape_keyword(std::string_view word);
/// Modifiers that take a name, and those that take arguments.
bool is_naming_modifier(std::string_view word);
bool is_calling_modifier(std::string_view word);
/// Whether something can have this name: no word of the language, but for modifiers that came when there were programs with such names already.
bool is_free_shape_name(std::string_view word);

}  // namespace ptah
