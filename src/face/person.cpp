#include "face/person.h"

#include <algorithm>
#include <cmath>

#include "base/philox.h"
#include "base/text.h"
#include "models/people.h"

namespace ptah {

namespace {

struct NamedColour {
  const char* name;
  SrgbColour colour;
};
constexpr std::array kPersonColours{
    NamedColour{"black", {0.07F, 0.06F, 0.06F}},      NamedColour{"dark-brown", {0.17F, 0.11F, 0.08F}}, NamedColour{"brown", {0.30F, 0.19F, 0.12F}},
    NamedColour{"light-brown", {0.47F, 0.33F, 0.2F}}, NamedColour{"blond", {0.78F, 0.63F, 0.40F}},      NamedColour{"red", {0.58F, 0.24F, 0.11F}},
    NamedColour{"grey", {0.56F, 0.55F, 0.54F}},       NamedColour{"white", {0.86F, 0.85F, 0.83F}},      NamedColour{"blue", {0.26F, 0.45F, 0.66F}},
    NamedColour{"green", {0.33F, 0.45F, 0.30F}},      NamedColour{"hazel", {0.45F, 0.35F, 0.17F}},      NamedColour{"amber", {0.62F, 0.40F, 0.14F}},
    NamedColour{"pink", {0.88F, 0.48F, 0.62F}},       NamedColour{"purple", {0.42F, 0.24F, 0.56F}},     NamedColour{"orange", {0.85F, 0.45F, 0.15F}},
    NamedColour{"yellow", {0.88F, 0.77F, 0.30F}},     NamedColour{"teal", {0.14F, 0.45F, 0.47F}},
};

std::vector<std::string> colour_names() {
  std::vector<std::string> out;
  for (const NamedColour& c : kPersonColours) out.emplace_back(c.name);
  return out;
}

/// Expressions that have a name: how much of each action belongs to all of it.
struct NamedExpression {
  const char* name;
  std::vector<std::pair<const char*, float>> actions;  ///< a name that ends with * is that of both sides
};
const std::vector<NamedExpression>& named_expressions() {
  static const std::vector<NamedExpression> table{
      {"smile", {{"mouthSmile*", 0.85F}, {"cheekSquint*", 0.3F}, {"eyeSquint*", 0.25F}, {"mouthUpperUp*", 0.12F}}},
      {"laughter", {{"mouthSmile*", 0.9F}, {"jawOpen", 0.38F}, {"cheekSquint*", 0.45F}, {"eyeSquint*", 0.45F}, {"mouthUpperUp*", 0.3F}}},
      {"sadness", {{"browInnerUp", 0.9F}, {"mouthFrown*", 0.8F}, {"mouthShrugLower", 0.35F}, {"eyeSquint*", 0.15F}, {"browDown*", 0.15F}}},
      {"anger", {{"browDown*", 1}, {"noseSneer*", 0.45F}, {"mouthPress*", 0.5F}, {"eyeSquint*", 0.35F}, {"mouthFrown*", 0.35F}, {"jawForward", 0.15F}}},
      {"surprise", {{"browInnerUp", 0.9F}, {"browOuterUp*", 0.9F}, {"eyeWide*", 0.9F}, {"jawOpen", 0.45F}, {"mouthFunnel", 0.15F}}},
      {"fear", {{"browInnerUp", 1}, {"browOuterUp*", 0.3F}, {"eyeWide*", 1}, {"mouthStretch*", 0.8F}, {"jawOpen", 0.18F}, {"mouthFrown*", 0.25F}}},
      {"disgust", {{"noseSneer*", 1}, {"mouthUpperUp*", 0.55F}, {"browDown*", 0.5F}, {"mouthFrown*", 0.4F}, {"cheekSquint*", 0.4F}, {"eyeSquint*", 0.3F}}},
  };
  return table;
}

const FaceSlider* slider_of(std::string_view name) {
  for (const FaceSlider& slider : kFaceSliders)
    if (slider.name == name) return &slider;
  return nullptr;
}

bool is_action(std::string_view name) { return std::find(kFaceActions.begin(), kFaceActions.end(), name) != kFaceActions.end(); }

float clamped(float value, float low, float high) { return std::min(high, std::max(low, value)); }

/// Of baby, child, young and old: how much of each somebody of this age is.
std::array<float, 4> age_parts(float years) {
  constexpr std::array<float, 4> kYears{1, 10, 25, 90};
  std::array<float, 4> out{};
  const float at = clamped(years, kYears.front(), kYears.back());
  size_t i = 0;
  while (i < 2 && at > kYears[i + 1]) ++i;
  const float t = (at - kYears[i]) / (kYears[i + 1] - kYears[i]);
  out[i] = 1 - t;
  out[i + 1] = t;
  return out;
}

void add_shape(const PeopleData& data, const std::string& name, float amount, std::vector<Vec3>& to) {
  const auto found = data.shapes.find(name);
  if (found != data.shapes.end()) found->second.add_to(to, amount);
}

/// An action, or both of its sides.
void add_action(std::map<std::string, float>& actions, const std::string& name, float amount) {
  if (!name.ends_with('*')) {
    actions[name] = clamped(actions[name] + amount, 0, 1.5F);
    return;
  }
  for (const char* side : {"Left", "Right"}) add_action(actions, name.substr(0, name.size() - 1) + side, amount);
}

/// Values that are drawn, and what was wished in their place.
class Draws {
 public:
  Draws(uint64_t seed, const PersonWishes& wishes) : random_(seed, 0x46616365), wishes_(wishes) {}
  float uniform() { return random_.uniform(); }
  float normal() { return clamped(random_.normal(), -2.2F, 2.2F); }
  float number(const char* name, float drawn) const {
    const auto found = wishes_.find(name);
    return found == wishes_.end() ? drawn : found->second.get<float>();
  }
  std::string text(const char* name, const std::string& drawn) const {
    const auto found = wishes_.find(name);
    return found == wishes_.end() ? drawn : found->second.get<std::string>();
  }
  bool wished(const char* name) const { return wishes_.contains(name); }

 private:
  Random random_;
  const PersonWishes& wishes_;
};

const char* one_of(float u, const std::vector<std::pair<const char*, float>>& weighted) {
  float all = 0;
  for (const auto& [name, weight] : weighted) all += weight;
  for (const auto& [name, weight] : weighted) {
    if (u * all < weight) return name;
    u -= weight / all;
  }
  return weighted.back().first;
}

void draw_ancestry(Draws& draws, Person& person) {
  std::array<float, 3> drawn{};
  for (float& part : drawn) part = std::pow(-std::log(1 - 0.999F * draws.uniform()), 2.0F) + 1e-3F;
  bool wished = false;
  for (const auto name : kAncestries) wished |= draws.wished(name.data());
  float sum = 0;
  for (size_t i = 0; i < 3; ++i) sum += person.ancestry[i] = std::max(0.0F, draws.number(kAncestries[i].data(), wished ? 0 : drawn[i]));
  if (sum <= 0) person.ancestry = {1, 1, 1}, sum = 3;
  for (float& part : person.ancestry) part /= sum;
}

void draw_hair(Draws& draws, Person& person) {
  const float tone = draws.uniform(), style = draws.uniform(), eyes = draws.uniform(), beard = draws.uniform(), thinning = draws.uniform();
  const float light = person.ancestry[2];
  const char* colour = one_of(
      tone,
      {{"black", 1.2F - light}, {"dark-brown", 1}, {"brown", 0.9F * light}, {"light-brown", 0.7F * light}, {"blond", 0.6F * light}, {"red", 0.25F * light}});
  const char* eye = one_of(eyes, {{"dark-brown", 1.3F - light}, {"brown", 0.6F}, {"hazel", 0.5F * light}, {"green", 0.4F * light}, {"blue", 0.8F * light}});
  const bool male = person.gender > 0.5F;
  std::string cut = male ? one_of(style, {{"short", 5}, {"shaved", 1.2F}, {"medium", 0.8F}, {"curly", 0.8F}, {"bald", person.age > 45 ? 1.5F : 0.2F}})
                         : one_of(style, {{"long", 4}, {"medium", 3}, {"bun", 1.5F}, {"curly", 1}, {"short", person.age > 60 ? 2.0F : 0.8F}});
  if (male && thinning < (person.age - 35) / 90 && cut == "short") cut = "receding";
  if (person.age < 3) cut = "shaved";
  person.hair = draws.text("hair", cut);
  person.hair_colour = value_or_throw(person_colour(draws.text("hair_colour", colour)));
  person.eye_colour = value_or_throw(person_colour(draws.text("eye_colour", eye)));
  const bool may = male && person.age > 19;
  person.beard = draws.text("beard", !may || beard < 0.6F ? "none" : beard < 0.78F ? "stubble" : beard < 0.88F ? "moustache" : "full");
  const float grey = clamped((person.age - 42) / 30, 0, 1);
  person.grey = draws.number("grey", draws.wished("hair_colour") ? 0 : grey * grey * (3 - 2 * grey));
}

void draw_shapes(Draws& draws, Person& person) {
  for (const FaceSlider& slider : kFaceSliders) {
    const float drawn = draws.normal() * slider.spread * 0.8F, both_ends = slider.less.empty() ? std::abs(drawn) : drawn;
    person.shapes[std::string(slider.name)] = clamped(draws.number(slider.name.data(), both_ends), -1, 1);
  }
  const float old = clamped((person.age - 35) / 45, 0, 1);
  const auto more = [&](const char* name, float amount) {
    if (!draws.wished(name)) person.shapes[name] = clamped(person.shapes[name] + amount, -1, 1);
  };
  more("head-age", old * 0.7F);
  more("eye-bag", old * 0.5F);
  more("mouth-laugh-lines", -old * 0.6F);
  more("neck-double", clamped((person.weight - 0.55F) * 1.5F, 0, 0.8F));
  more("head-fat", (person.weight - 0.5F) * 1.2F);
}

void set_actions(const Draws& draws, Person& person) {
  for (const NamedExpression& expression : named_expressions()) {
    const float amount = draws.number(expression.name, 0);
    for (const auto& [action, part] : expression.actions)
      if (amount != 0) add_action(person.actions, action, part * amount);
  }
  const float right = draws.number("gaze_x", 0), up = draws.number("gaze_y", 0);
  const auto look = [&](const char* action, float amount) {
    if (amount > 0) add_action(person.actions, action, amount * 1.5F);
  };
  look("eyeLookOutLeft", right), look("eyeLookInRight", right);
  look("eyeLookInLeft", -right), look("eyeLookOutRight", -right);
  look("eyeLookUp*", up), look("eyeLookDown*", -up);
  for (const std::string_view action : kFaceActions)
    if (draws.wished(action.data())) person.actions[std::string(action)] = draws.number(action.data(), 0);
  std::erase_if(person.actions, [](const auto& one) { return one.second == 0; });
}

std::string hex_of(const SrgbColour& colour) {
  std::string out = "#";
  for (const float c : colour) out += fmt::format("{:02x}", std::lround(clamped(c, 0, 1) * 255));
  return out;
}

/// Exact enough, and short to read.
double rounded(float value) { return std::round(static_cast<double>(value) * 1e4) / 1e4; }

}  // namespace

const std::vector<PersonNumber>& person_numbers() {
  static const std::vector<PersonNumber> table{
      {"age", 1, 90, "years"},
      {"gender", 0, 1, "0 female, 1 male"},
      {"weight", 0, 1, "0 thin, 1 fat"},
      {"african", 0, 1, "ancestry: shares of three"},
      {"asian", 0, 1, "ancestry: shares of three"},
      {"caucasian", 0, 1, "ancestry: shares of three"},
      {"skin", 0, 1, "0 very light, 1 very dark"},
      {"freckles", 0, 1, "how many"},
      {"blush", 0, 1, "red cheeks"},
      {"lipstick", 0, 1, "how much"},
      {"wrinkles", 0, 1, "how deep"},
      {"grey", 0, 1, "how much of the hair is grey"},
      {"brows", 0, 1, "0 thin, 1 bushy"},
      {"smile", 0, 1.3, "expression"},
      {"laughter", 0, 1.3, "expression"},
      {"sadness", 0, 1.3, "expression"},
      {"anger", 0, 1.3, "expression"},
      {"surprise", 0, 1.3, "expression"},
      {"fear", 0, 1.3, "expression"},
      {"disgust", 0, 1.3, "expression"},
      {"gaze_x", -1, 1, "where the eyes look: -1 left in the picture, 1 right"},
      {"gaze_y", -1, 1, "-1 down, 1 up"},
  };
  return table;
}

const std::vector<PersonText>& person_texts() {
  static const std::vector<PersonText> table{
      {"hair", {"bald", "shaved", "receding", "short", "medium", "long", "curly", "bun"}, false, "how it is cut"},
      {"hair_colour", colour_names(), true, "a name or #rrggbb"},
      {"eye_colour", colour_names(), true, "a name or #rrggbb"},
      {"shirt_colour", colour_names(), true, "a name or #rrggbb"},
      {"beard", {"none", "stubble", "moustache", "full"}, false, ""},
      {"glasses", {"none", "round", "square"}, false, ""},
  };
  return table;
}

Result<SrgbColour> person_colour(const std::string& text) {
  for (const NamedColour& c : kPersonColours)
    if (text == c.name) return c.colour;
  if (text.size() == 7 && text[0] == '#' && text.find_first_not_of("0123456789abcdefABCDEF", 1) == std::string::npos) {
    SrgbColour out;
    for (size_t i = 0; i < 3; ++i) out[i] = static_cast<float>(std::stoi(text.substr(1 + 2 * i, 2), nullptr, 16)) / 255;
    return out;
  }
  return unknown_name("colour", text, colour_names());
}

Result<void> check_wish(const std::string& name, const Json& value) {
  double min = 0, max = 0;
  if (const FaceSlider* slider = slider_of(name)) {
    min = slider->less.empty() ? 0 : -1, max = 1;
  } else if (is_action(name)) {
    max = 1.5;
  } else {
    for (const PersonText& text : person_texts()) {
      if (name != text.name) continue;
      if (!value.is_string()) return fail(ErrorCode::invalid_argument, "{} is a text", name);
      const std::string given = value.get<std::string>();
      if (text.colour) {
        PTAH_TRY_VOID(person_colour(given));
      } else if (std::find(text.choices.begin(), text.choices.end(), given) == text.choices.end()) {
        return unknown_name(name, given, text.choices);
      }
      return {};
    }
    const auto& numbers = person_numbers();
    const auto found = std::find_if(numbers.begin(), numbers.end(), [&](const PersonNumber& n) { return name == n.name; });
    if (found == numbers.end()) {
      std::vector<std::string> known;
      for (const PersonNumber& n : numbers) known.emplace_back(n.name);
      for (const PersonText& t : person_texts()) known.emplace_back(t.name);
      for (const FaceSlider& s : kFaceSliders) known.emplace_back(s.name);
      for (const auto action : kFaceActions) known.emplace_back(action);
      return unknown_name("number of a person", name, known);
    }
    min = found->min, max = found->max;
  }
  if (!value.is_number() || !std::isfinite(value.get<double>())) return fail(ErrorCode::invalid_argument, "{} is a number", name);
  if (value.get<double>() < min || value.get<double>() > max)
    return fail(ErrorCode::invalid_argument, "{} {}; {} to {} are possible", name, value.get<double>(), min, max);
  return {};
}

Result<void> add_wish(PersonWishes& wishes, const std::string& name_and_value) {
  const size_t equals = name_and_value.find('=');
  if (equals == std::string::npos) return fail(ErrorCode::invalid_argument, "'{}' is not NAME=VALUE", name_and_value);
  const std::string name = name_and_value.substr(0, equals), text = name_and_value.substr(equals + 1);
  Json value = text;
  const auto& texts = person_texts();
  if (std::none_of(texts.begin(), texts.end(), [&](const PersonText& t) { return name == t.name; })) {
    Json number = Json::parse(text, nullptr, false);
    if (number.is_number()) value = std::move(number);
  }
  PTAH_TRY_VOID(check_wish(name, value));
  wishes[name] = std::move(value);
  return {};
}

Json Person::json() const {
  Json out{{"age", rounded(age)},
           {"gender", rounded(gender)},
           {"weight", rounded(weight)},
           {"skin", rounded(skin)},
           {"freckles", rounded(freckles)},
           {"blush", rounded(blush)},
           {"lipstick", rounded(lipstick)},
           {"wrinkles", rounded(wrinkles)},
           {"grey", rounded(grey)},
           {"brows", rounded(brows)},
           {"hair", hair},
           {"beard", beard},
           {"glasses", glasses},
           {"hair_colour", hex_of(hair_colour)},
           {"eye_colour", hex_of(eye_colour)},
           {"shirt_colour", hex_of(shirt_colour)}};
  for (size_t i = 0; i < 3; ++i) out[std::string(kAncestries[i])] = rounded(ancestry[i]);
  for (const auto& [name, value] : shapes) out[name] = rounded(value);
  for (const auto& [name, value] : actions) out[name] = rounded(value);
  return out;
}

Person person_of(uint64_t seed, const PersonWishes& wishes) {
  Draws draws(seed, wishes);
  Person out;
  out.seed = seed;
  const float sex = draws.uniform(), years = draws.uniform(), fat = draws.normal(), tone = draws.normal(), spots = draws.uniform(), thick = draws.normal();
  const float shirt = draws.uniform();
  out.gender = draws.number("gender", sex < 0.5F ? 0.05F : 0.95F);
  out.age = draws.number("age", 19 + 50 * std::pow(years, 1.4F));
  out.weight = draws.number("weight", clamped(0.5F + 0.1F * fat, 0.2F, 0.9F));
  draw_ancestry(draws, out);
  const float usual = 0.76F * out.ancestry[0] + 0.27F * out.ancestry[1] + 0.15F * out.ancestry[2];
  out.skin = draws.number("skin", clamped(usual + 0.06F * tone, 0.02F, 0.98F));
  draw_hair(draws, out);
  draw_shapes(draws, out);
  const float old = clamped((out.age - 30) / 50, 0, 1);
  out.wrinkles = draws.number("wrinkles", old);
  out.freckles = draws.number("freckles", spots < 0.15F && out.skin < 0.3F ? 0.5F : 0);
  out.blush = draws.number("blush", out.age < 14 ? 0.5F : 0.3F);
  out.lipstick = draws.number("lipstick", 0);
  out.brows = draws.number("brows", clamped(0.42F + 0.12F * thick + 0.2F * out.gender, 0.1F, 0.95F));
  out.glasses = draws.text("glasses", "none");
  out.shirt_colour = value_or_throw(person_colour(
      draws.text("shirt_colour", one_of(shirt, {{"teal", 1}, {"grey", 1.5F}, {"blue", 1}, {"black", 1}, {"white", 1}, {"green", 0.7F}, {"purple", 0.5F}}))));
  set_actions(draws, out);
  return out;
}

std::vector<Vec3> person_positions(const PeopleData& data, const Person& person) {
  std::vector<Vec3> out = data.base;
  const auto ages = age_parts(person.age);
  const float fat = clamped(person.weight, 0, 1);
  const std::array<float, 3> weights{clamped(1 - 2 * fat, 0, 1), 1 - std::abs(2 * fat - 1), clamped(2 * fat - 1, 0, 1)};
  for (size_t g = 0; g < 2; ++g)
    for (size_t a = 0; a < 4; ++a) {
      const float part = ages[a] * (g == 1 ? person.gender : 1 - person.gender);
      const std::string both = std::string(kGenders[g]) + "-" + std::string(kAges[a]);
      if (part == 0) continue;
      for (size_t i = 0; i < 3; ++i) {
        add_shape(data, "macrodetails/" + std::string(kAncestries[i]) + "-" + both, part * person.ancestry[i], out);
        add_shape(data, "macrodetails/universal-" + both + "-averagemuscle-" + std::string(kWeights[i]), part * weights[i], out);
      }
    }
  for (const FaceSlider& slider : kFaceSliders) {
    const auto found = person.shapes.find(std::string(slider.name));
    if (found == person.shapes.end() || found->second == 0) continue;
    const std::string_view end = found->second < 0 ? slider.less : slider.more;
    for (const char* side : {"l-", "r-"}) {
      if (side[0] == 'r' && !slider.sided) continue;
      std::string name = std::string(slider.folder) + "/" + (slider.sided ? side : "") + std::string(slider.name);
      if (!end.empty()) name += "-" + std::string(end);
      add_shape(data, name, std::abs(found->second), out);
    }
  }
  return out;
}

SrgbColour skin_colour(float skin) {
  constexpr std::array<SrgbColour, 6> kTones{
      {{0.955F, 0.85F, 0.79F}, {0.90F, 0.745F, 0.655F}, {0.80F, 0.615F, 0.49F}, {0.64F, 0.45F, 0.33F}, {0.45F, 0.295F, 0.215F}, {0.27F, 0.175F, 0.135F}}};
  const float at = clamped(skin, 0, 1) * (kTones.size() - 1);
  const size_t i = std::min<size_t>(static_cast<size_t>(at), kTones.size() - 2);
  const float t = at - static_cast<float>(i);
  SrgbColour out;
  for (size_t c = 0; c < 3; ++c) out[c] = kTones[i][c] * (1 - t) + kTones[i + 1][c] * t;
  return out;
}

}  // namespace ptah
