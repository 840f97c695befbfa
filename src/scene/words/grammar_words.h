// The closed classes of the grammar: prepositions and verbs that say where things are, and numbers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ptah {

/// The words of a sentence, small letters; "," and "." and parentheses stand alone. Behind its end stand empty ones: a reader may always look at the next.
class SceneWords : public std::vector<std::string> {
 public:
  using std::vector<std::string>::vector;
  const std::string& operator[](size_t i) const {
    static const std::string kNone;
    return i < size() ? std::vector<std::string>::operator[](i) : kNone;
  }
};
/// Words of a text; hyphens part words, every end of a sentence is ".".
SceneWords scene_words(const std::string& text);

template <class T>
struct WordMatch {
  size_t length = 0;  ///< words; 0: no match
  T value{};
  explicit operator bool() const { return length > 0; }
};

/// "next to", "to the left", "on its right".
struct RelationWords {
  std::string is;
  bool open = false;  ///< it stands without what it is relative to: "to the left"
  bool own = false;   ///< a possessive pronoun in it says what that is: "on its right"
};

/// "stands", "is flanked by", "holds".
struct VerbWords {
  enum class Form : uint8_t {
    one,         ///< of one thing: "stands"
    several,     ///< "stand"; also auxiliaries of several things
    participle,  ///< "standing": belongs to the thing right before it
    past         ///< "flanked", "placed"
  };
  std::string is;        ///< the relation that it states; empty: only that something is somewhere
  bool inverse = false;  ///< what follows is relative to the subject: "holds a vase"
  Form form = Form::one;
  bool auxiliary = false;  ///< "is", "has been"
};

/// Prepositions, longest first. No match: not one.
WordMatch<RelationWords> relation_words(const SceneWords& words, size_t at);
/// Verbs of the table, longest first.
WordMatch<VerbWords> verb_words(const SceneWords& words, size_t at);
/// Numbers, also such as "a pair of", "half a dozen", "a row of five", "several".
WordMatch<int> number_words(const SceneWords& words, size_t at);

}  // namespace ptah
