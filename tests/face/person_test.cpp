// People in numbers and sentences: what is wished comes, what is not stays the same person, and wrong wishes are refused.
#include <gtest/gtest.h>

#include "face/person_words.h"
#include "models/people.h"

namespace ptah {

namespace {

Json wished(const std::string& text, const std::string& name) {
  const auto read = read_person(text);
  const auto found = read.wishes.find(name);
  return found == read.wishes.end() ? Json() : found->second;
}

}  // namespace

TEST(PersonWords, SayAgeSexHairEyesAndExpression) {
  const auto read = read_person("an old woman with green eyes, smiling");
  EXPECT_TRUE(read.unknown.empty());
  EXPECT_EQ(read.wishes.at("age"), 74);
  EXPECT_LT(read.wishes.at("gender").get<double>(), 0.1);
  EXPECT_EQ(read.wishes.at("eye_colour"), "green");
  EXPECT_EQ(read.wishes.at("smile"), 0.9);
  EXPECT_EQ(read.wishes.size(), 4U) << "nothing else was said";
}

TEST(PersonWords, ColoursBelongToTheThingBehindThem) {
  EXPECT_EQ(wished("a man with long light brown hair and blue eyes", "hair"), "long");
  EXPECT_EQ(wished("a man with long light brown hair and blue eyes", "hair_colour"), "light-brown");
  EXPECT_EQ(wished("a man with long light brown hair and blue eyes", "eye_colour"), "blue");
  EXPECT_EQ(wished("a black man with white hair", "hair_colour"), "white");
  EXPECT_EQ(wished("a black man with white hair", "african"), 1);
  EXPECT_TRUE(wished("a black man", "hair_colour").is_null());
  EXPECT_EQ(wished("a blonde girl", "hair_colour"), "blond");
  EXPECT_EQ(wished("a woman in a red shirt", "shirt_colour"), "red");
  EXPECT_GT(wished("a woman with dark skin", "skin").get<double>(), 0.7);
}

TEST(PersonWords, AgesInYears) {
  EXPECT_EQ(wished("a 9 year old girl", "age"), 9);
  EXPECT_EQ(wished("a man, 52 years old", "age"), 52);
  EXPECT_EQ(wished("a woman aged 40", "age"), 40);
  EXPECT_EQ(wished("a woman in her thirties", "age"), 35);
  EXPECT_EQ(wished("an old father", "age"), 74);
  EXPECT_EQ(wished("a young girl", "age"), 9);
  EXPECT_EQ(wished("a very old man", "age"), 87);
}

TEST(PersonWords, NoAndWithout) {
  EXPECT_EQ(wished("a man without a beard", "beard"), "none");
  EXPECT_EQ(wished("a man with a beard and no glasses", "glasses"), "none");
  EXPECT_EQ(wished("a man with a beard and no glasses", "beard"), "full");
  EXPECT_EQ(wished("a man with no hair", "hair"), "bald");
  EXPECT_EQ(wished("slightly smiling", "smile").get<double>(), 0.9 * static_cast<double>(0.45F));
}

TEST(PersonWords, TellWhatTheyDoNotKnow) {
  EXPECT_EQ(read_person("a woman with a zeppelin").unknown, std::vector<std::string>{"zeppelin"});
  EXPECT_TRUE(read_person("").wishes.empty());
  EXPECT_NO_THROW(read_person("\xFF\xFE 99999999999999999999 years old ,,, no no no"));
}

TEST(Person, OfASeedStaysTheSameWhateverIsWished) {
  const Person plain = person_of(7, {}), older = person_of(7, {{"age", 60}, {"smile", 1}, {"hair", "long"}}), other = person_of(8, {});
  EXPECT_EQ(plain.json(), person_of(7, {}).json());
  EXPECT_EQ(older.age, 60);
  EXPECT_EQ(older.hair, "long");
  EXPECT_EQ(plain.shapes.at("nose-width1"), older.shapes.at("nose-width1"));
  EXPECT_EQ(plain.eye_colour, older.eye_colour);
  EXPECT_NE(plain.shapes.at("nose-width1"), other.shapes.at("nose-width1"));
  EXPECT_GT(older.actions.at("mouthSmileLeft"), 0.5F);
  EXPECT_TRUE(plain.actions.empty());
}

TEST(Person, AllThatItIsCanBeWishedAgain) {
  const Person person = person_of(11, read_person("an asian man with a moustache, round glasses, surprised").wishes);
  PersonWishes wishes;
  const Json json = person.json();
  for (const auto& [name, value] : json.items()) {
    const auto added = add_wish(wishes, name + "=" + (value.is_string() ? value.get<std::string>() : value.dump()));
    ASSERT_TRUE(added) << name << ": " << added.error().message;
  }
  EXPECT_EQ(person_of(3, wishes).json(), json);
}

TEST(Person, GazeTurnsBothEyesToOneSide) {
  const Person right = person_of(0, {{"gaze_x", 1}});
  EXPECT_GT(right.actions.at("eyeLookOutLeft"), 0);
  EXPECT_GT(right.actions.at("eyeLookInRight"), 0);
  EXPECT_FALSE(right.actions.contains("eyeLookInLeft"));
}

TEST(Person, RefusesWhatIsNotPossible) {
  PersonWishes wishes;
  for (const char* wrong : {"age", "age=200", "age=x", "hair=mohawk", "eye_colour=#12345", "nose-width1=2", "jawOpen=-1", "ago=3", "=", "smile=nan"})
    EXPECT_EQ(add_wish(wishes, wrong).error().code, ErrorCode::invalid_argument) << wrong;
  EXPECT_NE(add_wish(wishes, "smil=1").error().message.find("smile"), std::string::npos);
  EXPECT_TRUE(wishes.empty());
}

TEST(PeopleShapes, AreNamedOnce) {
  const auto names = people_shapes();
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
  EXPECT_EQ(kFaceActions.size(), 52U);
}

}  // namespace ptah
