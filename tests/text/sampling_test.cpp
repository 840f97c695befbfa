// Each filter of the sampling chain changes what it is there to change, and nothing else.
#include "text/lm/sampling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

namespace ptah {

namespace {

/// Candidates 0, 1, 2 … with these probabilities, sorted.
std::vector<Candidate> with(const std::vector<float>& probabilities) {
  std::vector<float> logits;
  for (const float p : probabilities) logits.push_back(std::log(p));
  std::vector<Candidate> out = candidates_of(logits);
  keep_top_k(out, 0);
  normalize(out, 1);
  return out;
}

std::set<int32_t> tokens_of(const std::vector<Candidate>& candidates) {
  std::set<int32_t> out;
  for (const Candidate& c : candidates) out.insert(c.token);
  return out;
}

}  // namespace

TEST(Sampling, TypicalTokensAreThoseNearTheExpectedInformation) {
  // Entropy 1.333 nats. Distances from it: of 0.5 |0.693 − 1.333| = 0.64, of 0.2 0.28, of 0.15 0.56, of 0.1 0.97, of 0.05 1.66.
  const std::vector<float> shares{0.5F, 0.2F, 0.15F, 0.1F, 0.05F};
  const auto kept = [&](float p) {
    std::vector<Candidate> candidates = with(shares);
    keep_typical(candidates, p);
    EXPECT_TRUE(std::is_sorted(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) { return a.logit > b.logit; }));
    return tokens_of(candidates);
  };
  EXPECT_EQ(kept(0.1F), (std::set<int32_t>{1})) << "not the likeliest one";
  EXPECT_EQ(kept(0.3F), (std::set<int32_t>{1, 2}));
  EXPECT_EQ(kept(0.5F), (std::set<int32_t>{0, 1, 2}));
  EXPECT_EQ(kept(0.9F), (std::set<int32_t>{0, 1, 2, 3}));
  EXPECT_EQ(kept(1), (std::set<int32_t>{0, 1, 2, 3, 4})) << "1 is off";
  std::vector<Candidate> none;
  keep_typical(none, 0.5F);
  EXPECT_TRUE(none.empty());
}

TEST(Sampling, CopiesOfWhatWasDrawnBecomeLessLikelyTheLongerTheyAre) {
  const auto lost = [](const std::vector<int32_t>& drawn, int64_t allowed) {
    std::vector<Candidate> candidates = candidates_of(std::vector<float>(10, 0.0F));
    penalize_copies(candidates, drawn, 0.5F, 2, allowed);
    std::vector<float> out;
    for (const Candidate& c : candidates) out.push_back(-c.logit);
    return out;
  };
  const std::vector<int32_t> twice{1, 2, 3, 4, 9, 1, 2, 3};  // a 4 would copy "1 2 3 4"
  EXPECT_EQ(lost(twice, 3), (std::vector<float>{0, 0, 0, 0, 0.5F, 0, 0, 0, 0, 0}));
  EXPECT_EQ(lost(twice, 2), (std::vector<float>{0, 0, 0, 0, 1, 0, 0, 0, 0, 0}));
  EXPECT_EQ(lost(twice, 4), std::vector<float>(10, 0.0F)) << "short copies are free";
  EXPECT_EQ(lost({5, 5, 5, 5}, 1)[5], 2.0F) << "three tokens are copied";
  EXPECT_EQ(lost({}, 1), std::vector<float>(10, 0.0F));
  SamplingOptions greedy{.temperature = 0, .dry_multiplier = 5, .dry_allowed_length = 3};
  const std::vector<float> logits{0, 0, 0, 0, 2, 1, 0, 0, 0, 0};
  EXPECT_EQ(sample(logits, twice, greedy, twice.size()), 5);
  EXPECT_EQ(sample(logits, twice, greedy, 2), 4) << "of the prompt nothing is a copy";
  greedy.dry_multiplier = 0;
  EXPECT_EQ(sample(logits, twice, greedy, twice.size()), 4);
}

TEST(Sampling, PenaltiesCountWhatCameOnceOrEachTime) {
  const std::vector<int32_t> seen{3, 1, 3, 3};
  const std::vector<float> logits{1, 2, -1, -2};
  const auto after = [&](float repetition, float frequency, float presence) {
    std::vector<Candidate> candidates = candidates_of(logits);
    penalize(candidates, seen, repetition, frequency, presence);
    std::vector<float> out;
    for (const Candidate& c : candidates) out.push_back(c.logit);
    return out;
  };
  EXPECT_EQ(after(1, 0, 0), logits);
  EXPECT_EQ(after(1, 0, 0.5F), (std::vector<float>{1, 1.5F, -1, -2.5F})) << "presence: once, however often it came";
  EXPECT_EQ(after(1, 0.5F, 0), (std::vector<float>{1, 1.5F, -1, -3.5F})) << "frequency: for each time";
  EXPECT_EQ(after(2, 0, 0), (std::vector<float>{1, 1, -1, -4})) << "repetition: divides what is positive, multiplies what is negative";
  EXPECT_EQ(after(2, 0.5F, 0.25F), (std::vector<float>{1, 0.25F, -1, -5.75F}));
}

TEST(Sampling, TheChainAppliesEveryOption) {
  const std::vector<float> logits{std::log(0.5F), std::log(0.2F), std::log(0.15F), std::log(0.1F), std::log(0.05F)};
  const auto drawn = [&](const SamplingOptions& options, const std::vector<int32_t>& seen = {}) {
    std::set<int32_t> out;
    for (uint64_t i = 0; i < 400; ++i) out.insert(sample(logits, seen, options, i));
    return out;
  };
  const SamplingOptions all{.temperature = 1, .top_k = 0, .top_p = 1, .seed = 3};
  EXPECT_EQ(drawn(all), (std::set<int32_t>{0, 1, 2, 3, 4}));
  const auto changed = [&](auto change) {
    SamplingOptions o = all;
    change(o);
    return drawn(o);
  };
  EXPECT_EQ(changed([](auto& o) { o.typical_p = 0.3F; }), (std::set<int32_t>{1, 2}));
  EXPECT_EQ(changed([](auto& o) { o.top_k = 2; }), (std::set<int32_t>{0, 1}));
  EXPECT_EQ(changed([](auto& o) { o.top_p = 0.6F; }), (std::set<int32_t>{0, 1}));
  EXPECT_EQ(changed([](auto& o) { o.min_p = 0.35F; }), (std::set<int32_t>{0, 1}));
  EXPECT_EQ(changed([](auto& o) { o.temperature = 0.01F; }), (std::set<int32_t>{0}));
  EXPECT_EQ(changed([](auto& o) { o.logit_bias = {{4, 100.0F}}; }), (std::set<int32_t>{4}));
  EXPECT_EQ(changed([](auto& o) { o.logit_bias = {{0, -std::numeric_limits<float>::infinity()}}; }), (std::set<int32_t>{1, 2, 3, 4}));
  SamplingOptions o = all;
  o.presence_penalty = 100;
  EXPECT_EQ(drawn(o, {0, 2, 2}), (std::set<int32_t>{1, 3, 4}));
  o.penalty_window = 1;
  EXPECT_EQ(drawn(o, {0, 2, 2}), (std::set<int32_t>{0, 1, 3, 4})) << "only the last token is looked at";
  o = all;
  o.temperature = 0;
  EXPECT_EQ(sample(logits, {}, o, 0), 0);
  o.presence_penalty = 100;
  EXPECT_EQ(sample(logits, std::vector<int32_t>{0}, o, 0), 1) << "the likeliest of what is left";
  o = all;
  SamplingOptions other = all;
  other.seed = 4;
  std::vector<int32_t> first, second;
  for (uint64_t i = 0; i < 50; ++i) first.push_back(sample(logits, {}, o, i)), second.push_back(sample(logits, {}, other, i));
  EXPECT_NE(first, second) << "another seed draws others";
}

TEST(Sampling, WhatCannotBeIsRefusedByName) {
  EXPECT_TRUE(check(SamplingOptions{}));
  const auto refused = [](const char* name, auto change) {
    SamplingOptions o;
    change(o);
    const auto found = check(o);
    ASSERT_FALSE(found) << name;
    EXPECT_EQ(found.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(found.error().message.find(name), std::string::npos) << found.error().message;
  };
  const float nothing = std::nanf("");
  for (const float value : {-0.1F, 101.0F, nothing}) refused("temperature", [&](auto& o) { o.temperature = value; });
  for (const float value : {-0.1F, 1.1F, nothing}) {
    refused("`top_p`", [&](auto& o) { o.top_p = value; });
    refused("`min_p`", [&](auto& o) { o.min_p = value; });
    refused("`typical_p`", [&](auto& o) { o.typical_p = value; });
  }
  for (const float value : {0.0F, 101.0F, nothing}) refused("`repetition_penalty`", [&](auto& o) { o.repetition_penalty = value; });
  for (const float value : {-101.0F, 101.0F, nothing}) {
    refused("`frequency_penalty`", [&](auto& o) { o.frequency_penalty = value; });
    refused("`presence_penalty`", [&](auto& o) { o.presence_penalty = value; });
  }
  refused("`top_k`", [](auto& o) { o.top_k = -1; });
  refused("`penalty_window`", [](auto& o) { o.penalty_window = -1; });
}

}  // namespace ptah
