// Text helpers: UTF-8 checks and edit distance for "did you mean".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ptah {

/// Byte position of the first invalid UTF-8 sequence (overlong forms and surrogates included), or npos.
size_t invalid_utf8_at(std::string_view text);

/// Levenshtein distance over bytes.
size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate with the smallest edit distance (the first of equals), or empty.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace ptah
