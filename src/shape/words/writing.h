// What a sentence asks for, between its words and a program: kinds, the parameters that it names, how many, and where one thing is to another. As tokens it is
// what the writer of programs (a small language model) predicts; its grammar says which tokens may follow.
#pragma once

#include "shape/library.h"

namespace ptah {

/// One thing or several alike.
struct WrittenThing {
  std::string kind;
  int count = 1;                                          ///< 1 to 9, side by side
  std::vector<std::pair<std::string, ShapeValue>> given;  ///< parameters that the words set, in the order of the kind's file
  std::string relation;                                   ///< to the thing before: "on", "under", "left", "right", "front", "behind", "in"; empty for the first
  double scale = 1;                                       ///< of all of it; has no token
  bool operator==(const WrittenThing&) const = default;
};

struct Writing {
  std::vector<WrittenThing> things;  ///< none: the words ask for nothing that the library has
  bool operator==(const Writing&) const = default;
};

/// Levels that a number is told in, from the low end of its range to the high one.
constexpr int kShapeLevels = 64;
/// Most things and tokens of a writing.
constexpr size_t kMaxWrittenThings = 4, kMaxWrittenTokens = 64;

/// The tokens: kinds, names of parameters, words, counts, levels, relations.
class ShapeTokens {
 public:
  /// Of a library. The order is that of the names, so that the same library gives the same tokens.
  explicit ShapeTokens(std::shared_ptr<const ShapeKinds> kinds);
  /// As a model's file has them. Errors: mismatch if the library lacks a kind, parameter or word of them.
  static Result<ShapeTokens> of(std::shared_ptr<const ShapeKinds> kinds, std::vector<std::string> tokens);

  const std::vector<std::string>& tokens() const { return tokens_; }
  int32_t size() const { return static_cast<int32_t>(tokens_.size()); }
  int32_t begin() const { return 0; }
  int32_t end() const { return 1; }
  /// Whether a token is the name of a kind.
  bool is_kind(int32_t id) const { return tokens_[static_cast<size_t>(id)].starts_with("kind:"); }

  /// Of a writing, without begin and with end. Errors: invalid_argument for kinds and parameters that are not in the library.
  Result<std::vector<int32_t>> encode(const Writing& writing) const;
  /// The inverse. Errors: corrupt.
  Result<Writing> decode(const std::vector<int32_t>& ids) const;
  /// Which tokens may follow these (1), so that decode() succeeds in the end; at least one may.
  std::vector<uint8_t> allowed(const std::vector<int32_t>& ids) const;

 private:
  int32_t id(const std::string& token) const;

  std::shared_ptr<const ShapeKinds> kinds_;
  std::vector<std::string> tokens_;
  std::map<std::string, int32_t> ids_;
};

/// Puts what is given of a thing into its kind's program, and widens the ranges of numbers that lie outside.
void set_parameters(ShapeProgram& program, const WrittenThing& thing);

/// The program that a writing means: of one thing the kind's own with other defaults, else a `use` for each. Parameters that are not given vary with the seed,
/// around what is usual; seed 0 takes what is usual.
ShapeProgram program_of(const Writing& writing, const ShapeKinds& kinds, const std::string& title, uint64_t seed);

}  // namespace ptah
