// Text helpers: UTF-8 checks, ends of sentences, and edit distance for "did you mean".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/printable.h"

namespace ptah {

/// Byte position of the first invalid UTF-8 sequence (overlong forms and surrogates included), or npos.
size_t invalid_utf8_at(std::string_view text);

/// A code point as UTF-8; nothing for what is below 0 or above 0x10FFFF.
std::string utf8_of(int32_t c);

/// The lines of a text that hold anything, without spaces and carriage returns at their ends.
std::vector<std::string> lines_of(const std::string& text);

/// Where the first sentence of a text ends (the index behind it), or npos if none is over yet: behind a line break or one of 。！？…, or behind . ! ? that a
/// space or line break follows.
size_t sentence_end(std::string_view text);

/// Without blanks, tabs and line breaks at its ends.
std::string_view trimmed(std::string_view text);

/// ASCII capitals made small; everything else as it is.
std::string lower_case(std::string text);
/// The beginning of a UTF-8 text, at most so many bytes, no character cut.
std::string beginning(const std::string& text, size_t max_bytes);

/// Every `from` (not empty) in `text` made `to`, from left to right.
void replace_all(std::string& text, std::string_view from, std::string_view to);

/// Bytes of a text in base64 (RFC 4648, padded or not). Errors: corrupt.
Result<std::string> from_base64(std::string_view text);

/// Levenshtein distance over bytes.
size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate with the smallest edit distance (the first of equals), or empty.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);
/// The candidate that a mistyped word may mean: the same in other letter case, what it begins, or the nearest of few edits; else empty.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);
/// "unknown WHAT 'NAME'; did you mean 'X'? known: A B C", where X may be missing.
tl::unexpected<Error> unknown_name(std::string_view what, std::string_view name, const std::vector<std::string>& known);
/// The same with the known names in one text, blanks between.
tl::unexpected<Error> unknown_name(std::string_view what, std::string_view name, const char* known);

/// A text file's content as its writer meant it: without a byte order mark, line ends of Windows (CR LF) as LF.
std::string plain_text(std::string text);

}  // namespace ptah
