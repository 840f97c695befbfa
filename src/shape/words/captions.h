// Sentences that ask for shapes, made by rule from a library's phrases, each with the writing that it means: what the writer learns from.
#pragma once

#include <set>

#include "base/json.h"
#include "base/philox.h"
#include "shape/words/writing.h"

namespace ptah {

/// A way to say something of a kind: before its noun ("three-legged"), behind it ("with three legs"), or instead of it ("ladder-back chair"). "{}" stands for a
/// number, a colour or a material.
struct Phrase {
  enum class Place : uint8_t { before, behind, noun };
  Place place = Place::behind;
  std::string text;
};

/// How people ask for one kind.
struct KindPhrases {
  std::vector<std::string> nouns;         ///< the first is the usual one
  std::vector<std::string> descriptions;  ///< what it is in other words, where a noun stands: "seat for one person with a backrest"
  /// Parameter → what is said of it → phrases. What is said: a word of a choice, "true", "false", "low", "high", "value" (a number), "one", "none", or "any" (a
  /// colour or material).
  std::map<std::string, std::map<std::string, std::vector<Phrase>>> parameters;
  std::set<std::string> counts;                           ///< numbers that count something; the others are lengths
  std::map<std::string, std::pair<double, double>> ends;  ///< of a number: what its low and high phrases mean
  /// Parameter → another → its values with which the first shows at all ("true", a word of a choice, "above 0").
  std::map<std::string, std::map<std::string, std::vector<std::string>>> needs;
};

class ShapePhrases {
 public:
  /// Reads captions.json of a library. Errors: corrupt, naming the kind; a kind that the file lacks is an error too.
  static Result<ShapePhrases> read(const Json& json, const ShapeKinds& kinds);

  const KindPhrases& of(const std::string& kind) const { return kinds_.at(kind); }
  /// The ways to say a colour, or a material before a noun; the word itself if there is no other.
  const std::vector<std::string>& words_of(const std::string& word) const;
  /// Whether the file says how this colour or material is called. Captions name no other one: the language may have more.
  bool names(const std::string& word) const { return words_.contains(word); }

 private:
  std::map<std::string, KindPhrases> kinds_;
  std::map<std::string, std::vector<std::string>> words_;
};

struct Caption {
  std::string text;
  Writing writing;
};
/// A sentence at random: mostly one thing with none to four of its parameters named, sometimes several alike or two things with a relation.
Caption random_caption(const ShapeKinds& kinds, const ShapePhrases& phrases, Random& random);

}  // namespace ptah
