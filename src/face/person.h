// Who somebody is, in numbers: from these a head is made.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "face/people_data.h"

namespace ptah {

using SrgbColour = std::array<float, 3>;  ///< 0 to 1

/// A number of a person that has a name: "age", 1 to 90.
struct PersonNumber {
  const char* name;
  double min, max;
  const char* help;
};
/// All of them but the shapes of the face and its actions.
const std::vector<PersonNumber>& person_numbers();
/// A text of a person: "hair", one of several.
struct PersonText {
  const char* name;
  std::vector<std::string> choices;  ///< of colours: names; #rrggbb is possible too
  bool colour;
  const char* help;
};
const std::vector<PersonText>& person_texts();

/// What somebody wished of a person by names (those above, those of models/people.h): numbers and texts. What is not wished is drawn.
using PersonWishes = std::map<std::string, Json>;
/// "age=70" as a wish. Errors: invalid_argument, for unknown names (with the nearest) and for values that are not possible.
Result<void> add_wish(PersonWishes& wishes, const std::string& name_and_value);
Result<void> check_wish(const std::string& name, const Json& value);

struct Person {
  float age = 30;                   ///< years
  float gender = 0;                 ///< 0 female, 1 male
  float weight = 0.5F;              ///< 0 thin, 1 fat
  std::array<float, 3> ancestry{};  ///< african, asian, caucasian; the sum is 1
  float skin = 0.2F;                ///< 0 very light, 1 very dark
  float freckles = 0, blush = 0.3F, lipstick = 0, wrinkles = 0, grey = 0;
  std::string hair = "short", beard = "none", glasses = "none";
  float brows = 0.5F;  ///< how thick
  SrgbColour hair_colour{}, eye_colour{}, shirt_colour{};
  std::map<std::string, float> shapes;   ///< sliders of the face: −1 to 1
  std::map<std::string, float> actions;  ///< the facial actions: 0 to 1
  uint64_t seed = 0;                     ///< of details that have no name: where freckles and single hairs are

  Json json() const;  ///< by names, as PersonWishes has them
};

/// The person of a seed, as it was wished. What is drawn does not depend on what is wished, so that the same seed stays the same person.
Person person_of(uint64_t seed, const PersonWishes& wishes);

/// The mesh of a person without any expression, in decimetres as the data: the sum of the data's shapes.
std::vector<Vec3> person_positions(const PeopleData& data, const Person& person);

/// The colour of a skin.
SrgbColour skin_colour(float skin);
/// "brown", "#804020". Errors: invalid_argument.
Result<SrgbColour> person_colour(const std::string& text);

}  // namespace ptah
