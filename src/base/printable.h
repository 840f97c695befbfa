// Texts of strangers, fit to be shown: titles, names, prompts, answers of servers. Nothing in them can begin a line, move the cursor or turn the direction of
// writing, so that none of them can be mistaken for what the program itself says.
#pragma once

#include <string>
#include <string_view>

namespace ptah {

/// On one line: control characters (C0, DEL, C1), line separators, marks that turn the direction of writing, characters without width, tags and noncharacters
/// as visible escapes (\n, \x1b, \u{202e}), invalid UTF-8 as \xNN. What is longer than so many bytes is cut and ends with "…". Applying it twice changes
/// nothing.
std::string printable(std::string_view text, size_t max_bytes = 2000);

/// The same between quotation marks; those inside are escaped.
std::string in_quotes(std::string_view text, size_t max_bytes = 200);

/// A text of several lines: as printable(), but line breaks and tabs stay, and nothing is cut.
std::string printable_lines(std::string_view text);

/// JSON text (as dump() makes it) that means the same with those characters as \uXXXX inside its strings.
std::string printable_json(std::string_view json);

}  // namespace ptah
