// One rule for seeds, kept without loss.
#include "base/seed.h"

#include <gtest/gtest.h>

namespace ptah {

namespace {

constexpr uint64_t kMax = 18446744073709551615U;

struct Holder {
  uint64_t seed = 0;
};
template <class H, class Visit>
requires std::same_as<std::remove_const_t<H>, Holder>
void fields(H& h, const Visit& visit) { visit("seed", h.seed); }

}  // namespace

TEST(Seed, AllOf64BitsAndMinusOneAreTaken) {
  EXPECT_EQ(parse_seed("0")->value, 0U);
  EXPECT_EQ(parse_seed("18446744073709551615")->value, kMax);
  EXPECT_FALSE(parse_seed("7")->random);
  const auto random = parse_seed("-1");
  ASSERT_TRUE(random);
  EXPECT_TRUE(random->random);
  EXPECT_LT(random->value, uint64_t{1} << 32);
}

TEST(Seed, WhatIsNoSeedIsRefusedWithTheRule) {
  for (const char* text : {"", "-2", "18446744073709551616", "1.5", "7 ", "+7", "0x10", "seven", "- 1", "1e3"}) {
    const auto seed = parse_seed(text);
    ASSERT_FALSE(seed) << text;
    EXPECT_NE(seed.error().message.find("18446744073709551615"), std::string::npos);
  }
}

TEST(Seed, JsonHasTheSameRule) {
  EXPECT_EQ(seed_of(Json(kMax))->value, kMax);
  EXPECT_EQ(seed_of(Json("18446744073709551615"))->value, kMax);
  EXPECT_TRUE(seed_of(Json(-1))->random);
  EXPECT_EQ(seed_of(Json(1000.0))->value, 1000U);
  for (const Json& wrong : {Json(-2), Json(1.5), Json(nullptr), Json(true), Json::array({1})}) EXPECT_FALSE(seed_of(wrong)) << wrong.dump();
}

TEST(Seed, SeriesEndWhereSeedsEnd) {
  EXPECT_EQ(*counted_up(5, 3), 8U);
  EXPECT_EQ(*counted_up(kMax - 1, 1), kMax);
  EXPECT_FALSE(counted_up(kMax, 1));
}

TEST(Seed, ReceiptsKeepItWithoutLossAndSmallOnesAsTheyWere) {
  for (const uint64_t seed : {uint64_t{0}, uint64_t{7}, uint64_t{1} << 53, (uint64_t{1} << 53) + 1, kMax}) {
    const Json json = json_of_fields(Holder{seed});
    const auto text = canonical_json(json);
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(fields_from_json<Holder>(*parse_json(*text), "holder")->seed, seed);
  }
  EXPECT_EQ(*canonical_json(json_of_fields(Holder{uint64_t{1} << 53})), R"({"seed":9007199254740992})");
  EXPECT_EQ(*canonical_json(json_of_fields(Holder{(uint64_t{1} << 53) + 1})), R"({"seed":"9007199254740993"})");
}

}  // namespace ptah
