// Puts a grammar together from pieces; what GBNF and JSON schemas have in common.
#pragma once

#include <optional>
#include <string>

#include "text/grammar/grammar.h"

namespace ptah {

class GrammarBuilder {
 public:
  /// A piece is a rule by number. All of these make new rules.
  using Piece = int32_t;
  Piece literal(std::string_view bytes);
  /// One code point within any of the ranges (or outside all of them).
  Piece characters(std::vector<std::pair<uint32_t, uint32_t>> ranges, bool outside = false);
  Piece sequence(const std::vector<Piece>& pieces);
  Piece choice(const std::vector<Piece>& pieces);
  /// From `min_count` to `max_count` times; max_count < 0: any number.
  Piece repeat(Piece piece, int64_t min_count, int64_t max_count);
  Piece optional(Piece piece) { return repeat(piece, 0, 1); }
  /// A rule to be defined later.
  Piece declare();
  void define(Piece declared, Piece as);

  /// Checks and finishes. Throws Failure.
  std::shared_ptr<const Grammar> build(Piece root);

 private:
  Piece add(const std::vector<std::vector<Grammar::Element>>& alternatives);
  static Grammar::Element bytes(uint8_t low, uint8_t high);
  static Grammar::Element of(Piece piece) { return {piece, {}}; }
  void count(size_t more);
  /// Bytes that each rule needs at least; kEndless for one that cannot end.
  std::vector<int64_t> shortest_texts() const;

  std::vector<std::vector<std::vector<Grammar::Element>>> rules_;
  size_t parts_ = 0;
};

/// Bounds of numbers as JSON writes them without an exponent, e.g. "-12.5".
struct NumberRange {
  bool whole = false;  ///< integers only
  std::optional<std::string> minimum, maximum;
  bool above = false, below = false;  ///< the bound itself is outside
};
/// The numbers within the bounds, without exponents, with at most 15 digits (6 after the point, or as many as the bounds need or leave) or as many as a whole
/// bound has; none if there is no such number. Throws Failure: unsupported for bounds of more than 20 digits, or of more than 15 with a fraction.
std::optional<GrammarBuilder::Piece> numbers_between(GrammarBuilder& builder, const NumberRange& range);

/// Ranges of code points as sequences of byte ranges in UTF-8.
std::vector<std::vector<std::pair<uint8_t, uint8_t>>> utf8_ranges(uint32_t low, uint32_t high);

}  // namespace ptah
