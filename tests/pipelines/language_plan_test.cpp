// What plan_language foretells against what a text takes.
#include <gtest/gtest.h>

#include "base/memory.h"
#include "models/registry.h"
#include "pipelines/language_plan.h"
#include "tensor/blocks.h"
#include "tensor/ops.h"
#include "text/lm/decoder.h"
#include "tests/skip.h"

namespace ptah {

namespace {

/// A model wide enough that its rows outweigh what is rounded up.
LoadedLanguageModel medium_model(BlockType type, bool windows) {
  LanguageWeights weights;
  LanguageConfig& c = weights.config;
  c.family = "llama", c.vocabulary = 4096, c.width = 512, c.layers = 6, c.heads = 8, c.kv_heads = 4, c.head_dim = 64, c.feed_forward = 1024, c.context = 2048;
  c.rotated = 64, c.attention_scale = 0.125F;
  if (windows) c.window = 128, c.window_pattern = 3;
  Weights fresh = Weights::fresh(3);
  const Decoder made(fresh, c);
  weights.tensors = fresh.all();
  for (auto& [name, tensor] : weights.tensors) {
    if (tensor.rank() == 2) tensor = quantized(tensor, type);
    weights.file_bytes += static_cast<int64_t>(tensor.bytes());
  }
  LoadedLanguageModel out;
  out.model = std::make_shared<LanguageModel>(std::move(weights));
  return out;
}

/// Reads and writes for real; the most that tensors took, and the operations.
MemoryAccount measured(const LanguageModel& model, int64_t prompt, int64_t answer, CacheType type) {
  release_free_blocks();
  reset_memory_peak();
  const MemoryAccount before = memory_account();
  KeyValueCache cache(model.config(), prompt + answer, type);
  std::vector<int32_t> tokens(static_cast<size_t>(prompt), 1);
  (void)model.read(tokens, cache);
  for (int64_t i = 1; i < answer; ++i) (void)model.step({2}, {&cache});
  const MemoryAccount after = memory_account();
  return {0, after.peak_bytes - before.live_bytes, after.flops - before.flops};
}

void compare(const LoadedLanguageModel& model, int64_t prompt, int64_t answer, CacheType type) {
  SCOPED_TRACE(fmt::format("{} and {} tokens, cache {}", prompt, answer, name_of(type)));
  const LanguagePlan plan = value_or_throw(plan_language(model, prompt, answer, type));
  const MemoryAccount real = measured(*model.model, prompt, answer, type);
  EXPECT_GE(plan.plan.tensor_bytes, real.peak_bytes);
  EXPECT_LE(static_cast<double>(plan.plan.tensor_bytes), 1.3 * static_cast<double>(real.peak_bytes));
  EXPECT_EQ(plan.plan.flops, real.flops);
  EXPECT_GT(plan.cache_bytes, 0);
  EXPECT_LT(plan.cache_bytes, plan.plan.tensor_bytes);
  EXPECT_GT(plan.plan.seconds, 0);
  EXPECT_NEAR(plan.plan.seconds, plan.prompt_seconds + plan.token_seconds * static_cast<double>(answer - 1), 1e-9);
}

}  // namespace

TEST(LanguagePlan, BytesAndOperationsAreThoseOfTheRun) {
  for (const bool windows : {false, true}) {
    const LoadedLanguageModel model = medium_model(BlockType::q4_0, windows);
    for (const CacheType type : {CacheType::f32, CacheType::bf16, CacheType::q8})
      for (const auto& [prompt, answer] : {std::pair<int64_t, int64_t>{5, 3}, {300, 20}, {1500, 2}}) compare(model, prompt, answer, type);
  }
}

TEST(LanguagePlan, NothingOfAPlanStays) {
  const LoadedLanguageModel model = medium_model(BlockType::q8_0, false);
  const int64_t before = memory_account().live_bytes;
  const LanguagePlan few = value_or_throw(plan_language(model, 10, 5)), many = value_or_throw(plan_language(model, 1000, 500));
  EXPECT_EQ(memory_account().live_bytes, before);
  EXPECT_GT(many.plan.peak_bytes, few.plan.peak_bytes);
  EXPECT_GT(many.plan.seconds, few.plan.seconds);
  EXPECT_EQ(few.plan.weight_bytes, model.model->weight_bytes());
}

TEST(LanguagePlan, WhatDoesNotFitTheContextIsRefused) {
  const LoadedLanguageModel model = medium_model(BlockType::q8_0, false);
  for (const auto& [prompt, answer] : {std::pair<int64_t, int64_t>{0, 5}, {2000, 49}, {5, -1}}) {
    const auto plan = plan_language(model, prompt, answer);
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().code, ErrorCode::invalid_argument);
  }
  EXPECT_TRUE(plan_language(model, 2000, 48));
}

TEST(SmolLm2, ItsPlanHolds) {
  const auto path = find_model("smollm2");
  if (!path) PTAH_LEFT_OUT("models", path.error().message);
  const LoadedLanguageModel model = value_or_throw(load_language_model(*path));
  compare(model, 200, 20, default_cache_type());
}

}  // namespace ptah
