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
  /// Parameter → materials that captions never give it, as their words mean something else of this kind: "straw hat".
  std::map<std::string, std::set<std::string>> unsaid;
};

/// How people call a material: before a noun ("wooden"), and behind "made of" ("wood").
struct MaterialPhrases {
  std::vector<std::string> before, behind;
};

class ShapePhrases {
 public:
  /// Reads captions.json of a library. Errors: corrupt, naming the kind; a kind that the file lacks is an error too.
  static Result<ShapePhrases> read(const Json& json, const ShapeKinds& kinds);

  const KindPhrases& of(const std::string& kind) const { return kinds_.at(kind); }
  /// The ways to say each colour; the first is the usual one.
  const std::map<std::string, std::vector<std::string>>& colours() const { return colours_; }
  /// The materials that the file names. Captions name no other one: the language may have more.
  const std::map<std::string, MaterialPhrases>& materials() const { return materials_; }
  /// Whether a kind is called so.
  bool is_noun(const std::string& text) const { return nouns_.contains(text); }

 private:
  std::map<std::string, KindPhrases> kinds_;
  std::map<std::string, std::vector<std::string>> colours_;
  std::map<std::string, MaterialPhrases> materials_;
  std::set<std::string> nouns_;  // of all kinds, with those that replace the usual one
};

struct Caption {
  std::string text;
  Writing writing;
};
/// A sentence at random: mostly one thing with none to four of its parameters named, sometimes several alike or two things with a relation.
Caption random_caption(const ShapeKinds& kinds, const ShapePhrases& phrases, Random& random);
/// What the library lacks ("a kayak"), as people may ask for it: as it is, with a colour or a material, or as a request ("can you make a red kayak?"). No
/// colour or material makes it the noun of a kind: "a duck" never becomes "a rubber duck". Other lines than an article and one or two words stay as they are.
std::string random_refusal(const std::string& thing, const ShapePhrases& phrases, Random& random);

}  // namespace ptah
