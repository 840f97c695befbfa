// A person in a sentence: "an old woman with green eyes, smiling".
#pragma once

#include "face/person.h"

namespace ptah {

struct ReadPerson {
  PersonWishes wishes;
  std::vector<std::string> unknown;  ///< words that say nothing here
};
/// Ages, sexes, ancestries, skin, hair, eyes, beards, glasses, expressions, where the eyes look, and "no" or "without" in front of things. Case does not
/// matter.
ReadPerson read_person(std::string_view text);

}  // namespace ptah
