// What a request may say, and what is refused: both ends of every range.
#include "pipelines/request.h"

#include <gtest/gtest.h>

#include <cmath>

#include "pipelines/diffusion_model.h"

namespace ptah {

namespace {

template <class Request, class Change>
void refused(const char* field, Request request, const Change& change) {
  change(request);
  const auto found = check(request);
  ASSERT_FALSE(found) << field;
  EXPECT_EQ(found.error().code, ErrorCode::invalid_argument) << field;
  EXPECT_NE(found.error().message.find(field), std::string::npos) << field << ": " << found.error().message;
}

template <class Request, class Change>
void taken(const char* field, Request request, const Change& change) {
  change(request);
  const auto found = check(request);
  EXPECT_TRUE(found) << field << ": " << (found ? "" : found.error().message);
}

const float kNothing = std::nanf("");

}  // namespace

TEST(Request, OfCreateIsChecked) {
  const CreateRequest r{.prompt = "a fox"};
  ASSERT_TRUE(check(r));
  for (const int64_t size : {int64_t{0}, int64_t{127}, int64_t{513}}) refused("size", r, [&](auto& o) { o.size = size; });
  for (const int64_t size : {int64_t{128}, int64_t{512}}) taken("size", r, [&](auto& o) { o.size = size; });
  for (const int64_t steps : {int64_t{-1}, int64_t{0}, int64_t{201}}) refused("steps", r, [&](auto& o) { o.steps = steps; });
  for (const int64_t steps : {int64_t{1}, int64_t{200}}) taken("steps", r, [&](auto& o) { o.steps = steps; });
  for (const float guidance : {-0.1F, 20.1F, kNothing}) refused("guidance", r, [&](auto& o) { o.guidance = guidance; });
  for (const float guidance : {0.0F, 20.0F}) taken("guidance", r, [&](auto& o) { o.guidance = guidance; });
  for (const char* sampler : {"", "eulr", "Euler"}) refused("sampler", r, [&](auto& o) { o.sampler = sampler; });
  for (const char* sampler : {"euler", "heun"}) taken("sampler", r, [&](auto& o) { o.sampler = sampler; });
  refused("solid", r, [](auto& o) { o.solid = "cube"; });
  refused("background", r, [](auto& o) { o.background = "#12345"; });
  for (const int64_t count : {int64_t{99}, int64_t{500001}}) refused("target", r, [&](auto& o) { o.target_triangles = count; });
  for (const float mm : {0.5F, 10001.0F, kNothing}) refused("size", r, [&](auto& o) { o.size_mm = mm; });
  for (const float mm : {-1.0F, 0.5F, 10001.0F, kNothing}) refused("height", r, [&](auto& o) { o.height_mm = mm; });
  for (const float mm : {0.0F, 1.0F, 10000.0F}) taken("height", r, [&](auto& o) { o.height_mm = mm; });
  for (const int64_t count : {int64_t{-1}, int64_t{17}}) refused("best", r, [&](auto& o) { o.best_of = count; });
  for (const float share : {0.0F, -1.0F, 1.1F, kNothing}) refused("strength", r, [&](auto& o) { o.strength = share; });
  taken("strength", r, [](auto& o) { o.strength = 1; });
  taken("seed", r, [](auto& o) { o.seed = UINT64_MAX; });
}

TEST(Request, OfCreateWithAWrongSeedIsNotRead) {
  Json json = to_json(CreateRequest{.prompt = "a fox", .seed = UINT64_MAX});
  EXPECT_EQ(value_or_throw(create_request(json)).seed, UINT64_MAX);
  for (const Json& wrong : {Json(-1), Json(1.5), Json("seven"), Json(nullptr), Json(1e30), Json::array()}) {
    json["seed"] = wrong;
    const auto read = create_request(json);
    EXPECT_FALSE(read) << wrong.dump();
  }
}

TEST(Request, OfPaintIsChecked) {
  const PaintRequest r{.prompt = "a fox"};
  ASSERT_TRUE(check(r));
  for (const int64_t steps : {int64_t{0}, int64_t{1001}}) refused("steps", r, [&](auto& o) { o.steps = steps; });
  for (const int64_t steps : {int64_t{1}, int64_t{1000}}) taken("steps", r, [&](auto& o) { o.steps = steps; });
  for (const float guidance : {-0.1F, 100.1F, kNothing}) refused("guidance", r, [&](auto& o) { o.guidance = guidance; });
  refused("sampler", r, [](auto& o) { o.sampler = "eulr"; });
  taken("sampler", r, [](auto& o) { o.sampler = "uni_pc"; });
  refused("schedule", r, [](auto& o) { o.schedule = "karas"; });
  taken("schedule", r, [](auto& o) { o.schedule = "karras"; });
  for (const int64_t edge : {int64_t{-8}, int64_t{56}, int64_t{68}, int64_t{2056}}) {
    refused(std::to_string(edge).c_str(), r, [&](auto& o) { o.width = edge; });
    refused(std::to_string(edge).c_str(), r, [&](auto& o) { o.height = edge; });
  }
  for (const int64_t edge : {int64_t{64}, int64_t{2048}}) taken("width", r, [&](auto& o) { o.width = o.height = edge; });
  for (const int64_t skip : {int64_t{-1}, int64_t{13}}) refused("clip", r, [&](auto& o) { o.clip_skip = skip; });
  refused("prediction", r, [](auto& o) { o.prediction = "sample"; });
  refused("noise", r, [](auto& o) { o.noise = "cuda"; });
  for (const float share : {0.0F, 1.1F, kNothing}) {
    refused("strength", r, [&](auto& o) { o.strength = share; });
    refused("strength", r, [&](auto& o) { o.enlarge_strength = share; });
  }
  for (const float times : {0.9F, 4.1F, kNothing}) refused("enlarge", r, [&](auto& o) { o.enlarge = times; });
  for (const float share : {-0.1F, 1.1F, kNothing}) {
    refused("rescale", r, [&](auto& o) { o.rescale = share; });
    refused("refine_from", r, [&](auto& o) { o.refine_from = share; });
  }
  for (const int64_t tile : {int64_t{64}, int64_t{130}, int64_t{2112}}) refused("tile", r, [&](auto& o) { o.tile = tile; });
  for (const float strength : {-0.1F, 10.1F, kNothing}) refused("perpendicular", r, [&](auto& o) { o.perpendicular = strength; });
}

}  // namespace ptah
