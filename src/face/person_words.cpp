#include "face/person_words.h"

#include <algorithm>
#include <cctype>
#include <functional>
#include <optional>
#include <set>

#include "base/text.h"

namespace ptah {

namespace {

/// What a word or two wish: NAME=VALUE, blanks between.
struct WishWords {
  std::string_view words, wishes;
};
constexpr WishWords kWishWords[] = {
    {"baby", "age=1.5"},
    {"toddler", "age=3"},
    {"child", "age=8"},
    {"kid", "age=8"},
    {"girl", "age=9 gender=0"},
    {"boy", "age=9 gender=1"},
    {"teenager", "age=16"},
    {"teenage", "age=16"},
    {"teen", "age=16"},
    {"young", "age=22"},
    {"adult", "age=32"},
    {"middle aged", "age=48"},
    {"old", "age=74"},
    {"elderly", "age=79"},
    {"aged", "age=76"},
    {"grandmother", "age=74 gender=0"},
    {"grandma", "age=74 gender=0"},
    {"grandfather", "age=76 gender=1"},
    {"grandpa", "age=76 gender=1"},
    {"woman", "gender=0.03"},
    {"female", "gender=0.03"},
    {"lady", "gender=0.03"},
    {"mother", "gender=0.03 age=38"},
    {"queen", "gender=0.03"},
    {"man", "gender=0.97"},
    {"male", "gender=0.97"},
    {"gentleman", "gender=0.97"},
    {"father", "gender=0.97 age=40"},
    {"king", "gender=0.97"},
    {"androgynous", "gender=0.5"},
    {"african", "african=1"},
    {"asian", "asian=1"},
    {"european", "caucasian=1"},
    {"caucasian", "caucasian=1"},
    {"thin", "weight=0.15"},
    {"slim", "weight=0.25"},
    {"skinny", "weight=0.08"},
    {"chubby", "weight=0.75"},
    {"fat", "weight=0.9"},
    {"overweight", "weight=0.85"},
    {"bald", "hair=bald"},
    {"balding", "hair=receding"},
    {"blond", "hair_colour=blond"},
    {"blonde", "hair_colour=blond"},
    {"redhead", "hair_colour=red"},
    {"red haired", "hair_colour=red"},
    {"brunette", "hair_colour=brown"},
    {"ginger", "hair_colour=red"},
    {"curly haired", "hair=curly"},
    {"long haired", "hair=long"},
    {"short haired", "hair=short"},
    {"blue eyed", "eye_colour=blue"},
    {"green eyed", "eye_colour=green"},
    {"brown eyed", "eye_colour=brown"},
    {"freckles", "freckles=0.8"},
    {"freckled", "freckles=0.8"},
    {"wrinkled", "wrinkles=1"},
    {"wrinkles", "wrinkles=1"},
    {"lipstick", "lipstick=0.85"},
    {"blushing", "blush=1"},
    {"dark skinned", "skin=0.85"},
    {"light skinned", "skin=0.12"},
    {"beard", "beard=full"},
    {"bearded", "beard=full"},
    {"moustache", "beard=moustache"},
    {"mustache", "beard=moustache"},
    {"stubble", "beard=stubble"},
    {"unshaven", "beard=stubble"},
    {"glasses", "glasses=square"},
    {"spectacles", "glasses=round"},
    {"round glasses", "glasses=round"},
    {"square glasses", "glasses=square"},
    {"ponytail", "hair=bun"},
    {"bun", "hair=bun"},
    {"afro", "hair=curly"},
    {"curls", "hair=curly"},
    {"smiling", "smile=0.9"},
    {"smiles", "smile=0.9"},
    {"smile", "smile=0.9"},
    {"happy", "smile=1"},
    {"grinning", "smile=1.2"},
    {"cheerful", "smile=0.9"},
    {"laughing", "laughter=1"},
    {"laughs", "laughter=1"},
    {"sad", "sadness=1"},
    {"crying", "sadness=1.2"},
    {"unhappy", "sadness=0.8"},
    {"frowning", "anger=0.6"},
    {"angry", "anger=1"},
    {"furious", "anger=1.3"},
    {"surprised", "surprise=1"},
    {"astonished", "surprise=1.2"},
    {"amazed", "surprise=1"},
    {"afraid", "fear=1"},
    {"scared", "fear=1"},
    {"frightened", "fear=1"},
    {"terrified", "fear=1.3"},
    {"disgusted", "disgust=1"},
    {"winking", "eyeBlinkLeft=1 mouthSmileLeft=0.5 cheekSquintLeft=0.6"},
    {"closed eyes", "eyeBlinkLeft=1 eyeBlinkRight=1"},
    {"eyes closed", "eyeBlinkLeft=1 eyeBlinkRight=1"},
    {"sleeping", "eyeBlinkLeft=1 eyeBlinkRight=1"},
    {"asleep", "eyeBlinkLeft=1 eyeBlinkRight=1"},
    {"open mouth", "jawOpen=0.6"},
    {"mouth open", "jawOpen=0.6"},
    {"kissing", "mouthPucker=0.9"},
    {"raised eyebrows", "browInnerUp=0.8 browOuterUpLeft=0.8 browOuterUpRight=0.8"},
    {"bushy eyebrows", "brows=0.95"},
    {"thin eyebrows", "brows=0.15"},
    {"looking left", "gaze_x=-0.9"},
    {"looking right", "gaze_x=0.9"},
    {"looking up", "gaze_y=0.9"},
    {"looking down", "gaze_y=-0.9"},
    {"big nose", "nose-volume=0.7 nose-scale-depth=0.5"},
    {"small nose", "nose-volume=-0.6 nose-scale-depth=-0.4"},
    {"hooked nose", "nose-hump=0.9"},
    {"full lips", "mouth-upperlip-volume=0.8 mouth-lowerlip-volume=0.8"},
    {"thin lips", "mouth-upperlip-volume=-0.8 mouth-lowerlip-volume=-0.7"},
    {"big ears", "ear-scale=0.8 ear-wing=0.5"},
    {"high cheekbones", "cheek-bones=0.9"},
    {"square jaw", "head-square=0.5 chin-width=0.6"},
    {"round face", "head-round=0.8"},
    {"oval face", "head-oval=0.8"},
    {"neutral", ""},
    {"serious", ""},
};

/// A list of wishes as values.
std::vector<std::pair<std::string, Json>> wishes_in(std::string_view text) {
  std::vector<std::pair<std::string, Json>> out;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    PersonWishes one;
    value_or_throw(add_wish(one, std::string(text.substr(0, end))));
    out.emplace_back(*one.begin());
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

/// A thing that colours and cuts belong to: what they wish of it, and what its absence is.
struct PersonThing {
  const char* word;
  const char* colour;
  const char* cut;
  const char* none;
};
constexpr PersonThing kThings[] = {
    {"hair", "hair_colour", "hair", "bald"}, {"eyes", "eye_colour", "", ""},     {"eye", "eye_colour", "", ""},       {"skin", "skin", "", ""},
    {"shirt", "shirt_colour", "", ""},       {"jumper", "shirt_colour", "", ""}, {"sweater", "shirt_colour", "", ""}, {"top", "shirt_colour", "", ""}};

const std::set<std::string>& filler_words() {
  static const std::set<std::string> words{"a",       "an",      "the",      "with",   "and",      "of",    "who",  "is",       "are",     "has",
                                           "in",      "his",     "her",      "their",  "person",   "face",  "head", "portrait", "wearing", "having",
                                           "looks",   "very",    "slightly", "little", "somewhat", "years", "year", "at",       "to",      "no",
                                           "without", "looking", "bit",      "like",   "that",     "she",   "he",   "they",     "people",  "human"};
  return words;
}

std::vector<std::string> person_tokens(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  const auto end = [&] {
    if (!word.empty()) out.push_back(word);
    word.clear();
  };
  for (const char raw : text) {
    const auto c = static_cast<unsigned char>(raw);
    if (std::isalnum(c) != 0 || c >= 0x80 || c == '\'') {
      word += static_cast<char>(std::tolower(c));
    } else {
      end();
      if (c == ',' || c == ';' || c == '.') out.emplace_back(",");
    }
  }
  end();
  return out;
}

float skin_of_word(const std::string& word) {
  static const std::map<std::string, float> table{{"pale", 0.04F},        {"fair", 0.08F},      {"light", 0.12F}, {"white", 0.08F},
                                                  {"tan", 0.38F},         {"tanned", 0.38F},    {"olive", 0.35F}, {"brown", 0.6F},
                                                  {"light-brown", 0.45F}, {"dark-brown", 0.8F}, {"dark", 0.82F},  {"black", 0.93F}};
  const auto found = table.find(word);
  return found == table.end() ? -1 : found->second;
}

class PersonReader {
 public:
  explicit PersonReader(std::string_view text) : words_(person_tokens(text)) {}

  ReadPerson read() {
    while (at_ < words_.size()) {
      if (words_[at_] == ",") {
        settle();
        ++at_;
      } else if (!age() && !modifier() && !thing() && !known(2) && !known(1) && !adjective()) {
        if (words_[at_] == "with") settle();
        if (!filler_words().contains(words_[at_])) out_.unknown.push_back(words_[at_]);
        ++at_;
      }
    }
    settle();
    return std::move(out_);
  }

 private:
  std::string ahead(size_t i) const { return at_ + i < words_.size() ? words_[at_ + i] : std::string(); }

  void wish(const std::string& name, Json value) {
    if (check_wish(name, value)) out_.wishes[name] = std::move(value);
  }

  /// "72 years old", "a 9 year old girl", "aged 40", "in her thirties".
  bool age() {
    static const std::map<std::string, int> decades{{"twenties", 25}, {"thirties", 35},  {"forties", 45}, {"fifties", 55},
                                                    {"sixties", 65},  {"seventies", 75}, {"eighties", 85}};
    if (const auto found = decades.find(words_[at_]); found != decades.end()) {
      wish("age", found->second);
      ++at_;
      return true;
    }
    const size_t number = words_[at_] == "aged" ? 1 : 0;
    const std::string digits = ahead(number);
    if (digits.empty() || digits.size() > 2 || digits.find_first_not_of("0123456789") != std::string::npos) return false;
    if (number == 0 && ahead(1) != "years" && ahead(1) != "year") return false;
    wish("age", std::clamp(std::stoi(digits), 1, 90));
    aged_ = true;
    at_ += number + 1;
    if (ahead(0) == "years" || ahead(0) == "year") ++at_;
    if (ahead(0) == "old") ++at_;
    return true;
  }

  bool modifier() {
    static const std::map<std::string, float> amounts{{"slightly", 0.45F}, {"somewhat", 0.6F}, {"little", 0.45F}, {"bit", 0.45F},
                                                      {"very", 1.3F},      {"broadly", 1.3F},  {"gently", 0.6F}};
    if (words_[at_] == "no" || words_[at_] == "without") {
      none_ = true;
    } else if (const auto found = amounts.find(words_[at_]); found != amounts.end()) {
      amount_ = found->second;
    } else {
      return false;
    }
    ++at_;
    return true;
  }

  bool thing() {
    for (const PersonThing& thing : kThings) {
      if (words_[at_] != thing.word || ahead(1) == "closed") continue;
      if (none_ && thing.none[0] != 0) wish(thing.cut, thing.none);
      for (const std::string& word : pending_) {
        if (std::string_view(thing.colour) == "skin") {
          if (skin_of_word(word) >= 0) wish("skin", skin_of_word(word));
        } else if (thing.cut[0] != 0 && check_wish(thing.cut, word)) {
          wish(thing.cut, word);
        } else {
          colour(thing.colour, word);
        }
      }
      pending_.clear();
      none_ = false, amount_ = 1;
      ++at_;
      return true;
    }
    return false;
  }

  void colour(const char* what, const std::string& word) {
    static const std::map<std::string, std::string> other{{"gray", "grey"},   {"blonde", "blond"}, {"dark", "dark-brown"},  {"ginger", "red"},
                                                          {"silver", "grey"}, {"fair", "blond"},   {"light", "light-brown"}};
    const auto found = other.find(word);
    wish(what, found == other.end() ? word : found->second);
  }

  bool known(size_t count) {
    if (at_ + count > words_.size()) return false;
    const std::string said = count == 2 ? words_[at_] + " " + words_[at_ + 1] : words_[at_];
    for (const WishWords& entry : kWishWords) {
      if (said != entry.words) continue;
      const auto wishes = wishes_in(entry.wishes);
      if (count == 1 && is_pending(said) && belongs_to_thing()) return false;
      const bool of_a_person = std::any_of(wishes.begin(), wishes.end(), [](const auto& one) { return one.first == "gender"; });
      if (of_a_person) settle();
      for (const auto& [name, value] : wishes) take(name, value);
      none_ = false, amount_ = 1;
      at_ += count;
      return true;
    }
    return false;
  }

  void take(const std::string& name, const Json& value) {
    if (name == "age" && out_.wishes.contains("age") && (aged_ || value.get<double>() < 12 || value.get<double>() > 37)) {
      // "an old father" is old; "a young girl" is a girl.
      if (aged_ || value.get<double>() >= 30) return;
    }
    if (none_) {
      if (name == "beard" || name == "glasses") wish(name, "none");
      if (name == "freckles" || name == "wrinkles" || name == "lipstick" || name == "smile" || name == "blush") wish(name, 0);
      return;
    }
    static const std::set<std::string> scaled{"smile",   "laughter", "sadness",  "anger",  "surprise", "fear",
                                              "disgust", "freckles", "wrinkles", "gaze_x", "gaze_y"};
    if (amount_ != 1 && scaled.contains(name)) {
      const double limit = name.starts_with("gaze") || name == "freckles" || name == "wrinkles" ? 1 : 1.3;
      wish(name, std::clamp(value.get<double>() * static_cast<double>(amount_), -limit, limit));
    } else if (amount_ > 1 && name == "age" && value.get<double>() > 60) {
      wish(name, 87);
    } else {
      wish(name, value);
    }
  }

  static bool is_pending(const std::string& word) {
    static const std::set<std::string> words{"blond", "blonde", "ginger", "thin", "bald"};
    return words.contains(word);
  }
  /// Whether a colour or cut stands before a thing that takes it, with other adjectives between at most.
  bool belongs_to_thing() const {
    for (size_t i = 1; i <= 3 && at_ + i < words_.size(); ++i) {
      for (const PersonThing& thing : kThings)
        if (words_[at_ + i] == thing.word) return true;
      if (words_[at_ + i] == "," || words_[at_ + i] == "with") return false;
    }
    return false;
  }

  /// Colours and cuts wait for the thing that they belong to.
  bool adjective() {
    const std::string& word = words_[at_];
    static const std::set<std::string> words{"black", "brown", "blond",  "blonde", "red",    "grey",  "gray",   "white", "blue",   "green",  "hazel",
                                             "amber", "pink",  "purple", "orange", "yellow", "teal",  "dark",   "light", "ginger", "silver", "fair",
                                             "pale",  "tan",   "tanned", "olive",  "long",   "short", "medium", "curly", "shaved"};
    if (!words.contains(word)) return false;
    if (word == "brown" && !pending_.empty() && (pending_.back() == "light" || pending_.back() == "dark")) {
      pending_.back() += "-brown";
    } else {
      pending_.push_back(word);
    }
    ++at_;
    return true;
  }

  /// Adjectives that no thing followed: "a black man", "pale, smiling".
  void settle() {
    for (const std::string& word : pending_) {
      if (skin_of_word(word) < 0) {
        out_.unknown.push_back(word);
        continue;
      }
      wish("skin", skin_of_word(word));
      if (word == "black") wish("african", 1);
      if (word == "white") wish("caucasian", 1);
    }
    pending_.clear();
    none_ = false, amount_ = 1;
  }

  std::vector<std::string> words_;
  size_t at_ = 0;
  ReadPerson out_;
  std::vector<std::string> pending_;
  bool none_ = false, aged_ = false;
  float amount_ = 1;
};

}  // namespace

ReadPerson read_person(std::string_view text) { return PersonReader(text).read(); }

}  // namespace ptah
