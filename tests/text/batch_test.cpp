// Many requests at once: the same answers as alone, within the budget, none lost.
#include "text/lm/batch.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/philox.h"
#include "tensor/ops.h"

namespace ptah {

namespace {

namespace fs = std::filesystem;
const fs::path kGolden = fs::path(PTAH_SOURCE_DIR) / "tests" / "golden";

/// A model of two layers with random weights, its 96 tokens printable bytes.
const LoadedLanguageModel& tiny() {
  static const LoadedLanguageModel model = [] {
    LoadedLanguageModel out;
    out.model = std::make_shared<LanguageModel>(value_or_throw(language_weights(kGolden / "language" / "llama")));
    const Json golden = *parse_json(*read_text(kGolden / "tokenizers.json"));
    TokenizerParts parts;
    parts.tokens = golden["tokens"].get<std::vector<std::string>>();
    parts.tokens.resize(96);  // bytes only
    out.tokenizer = value_or_throw(Tokenizer::make(parts));
    out.stop_tokens = {5};
    out.name = "tiny";
    return out;
  }();
  return model;
}

BatchRequest request(uint64_t seed, int64_t max_prompt = 40, int64_t max_answer = 30) {
  Random random(seed, 3);
  BatchRequest out;
  const int64_t prompt = 1 + random.below(static_cast<uint32_t>(max_prompt));
  for (int64_t i = 0; i < prompt; ++i) out.prompt.push_back(static_cast<int32_t>(random.below(96)));
  out.options.max_tokens = random.below(static_cast<uint32_t>(max_answer) + 1);
  out.options.sampling.temperature = seed % 3 == 0 ? 0 : 1.5F;
  out.options.sampling.seed = seed;
  if (seed % 4 == 1) out.options.stop = {"a", "the"};
  if (seed % 5 == 2) out.options.log_probabilities = true;
  if (seed % 7 == 3) out.options.sampling.repetition_penalty = 1.2F;
  return out;
}

/// What generate() makes of it.
Generated alone(const BatchRequest& r) {
  const auto capacity = static_cast<int64_t>(r.prompt.size()) + std::max<int64_t>(r.options.max_tokens, 1);
  KeyValueCache cache(tiny().model->config(), std::min(capacity, tiny().model->config().context), default_cache_type());
  return generate(tiny(), r.prompt, cache, r.options);
}

void expect_same(const Generated& made, const Generated& wanted, const std::string& what) {
  EXPECT_EQ(made.tokens, wanted.tokens) << what;
  EXPECT_EQ(made.text, wanted.text) << what;
  EXPECT_EQ(made.reason, wanted.reason) << what;
  EXPECT_EQ(made.log_probabilities, wanted.log_probabilities) << what;
  EXPECT_EQ(made.prompt_tokens, wanted.prompt_tokens) << what;
}

int64_t cache_bytes(int64_t tokens) { return KeyValueCache::bytes_for(tiny().model->config(), tokens, default_cache_type()); }

}  // namespace

TEST(Batch, EachAnswerIsWhatItWouldBeAlone) {
  BatchEngine engine(tiny(), {.at_once = 7});
  std::vector<BatchRequest> requests;
  std::vector<std::string> shown(60);
  std::vector<std::future<Result<Generated>>> answers;
  for (uint64_t i = 0; i < 60; ++i) {
    requests.push_back(request(i, i % 10 == 0 ? 400 : 40));  // some prompts of several chunks
    BatchRequest sent = requests.back();
    sent.show = [&shown, i](std::string_view news) { shown[i] += news; };
    answers.push_back(engine.submit(std::move(sent)));
  }
  for (size_t i = 0; i < answers.size(); ++i) {
    const auto made = answers[i].get();
    ASSERT_TRUE(made) << made.error().message;
    expect_same(*made, alone(requests[i]), fmt::format("request {}", i));
    EXPECT_EQ(shown[i], made->text);
  }
}

TEST(Batch, AGrammarHoldsInABatchToo) {
  BatchEngine engine(tiny(), {.at_once = 3});
  const auto grammar = value_or_throw(Grammar::from_gbnf("root ::= [a-z]{3,8}"));
  std::vector<BatchRequest> requests;
  std::vector<std::future<Result<Generated>>> answers;
  for (uint64_t i = 0; i < 9; ++i) {
    requests.push_back(request(i));
    requests.back().options.grammar = grammar;
    requests.back().options.stop.clear();
    requests.back().options.max_tokens = 20;
    answers.push_back(engine.submit(requests.back()));
  }
  for (size_t i = 0; i < answers.size(); ++i) {
    const auto made = answers[i].get();
    ASSERT_TRUE(made) << made.error().message;
    expect_same(*made, alone(requests[i]), fmt::format("request {}", i));
    EXPECT_GE(made->text.size(), 3U);
    EXPECT_LE(made->text.size(), 8U);
  }
}

TEST(Batch, AThousandRequestsFromFourThreadsLoseNothingWithinTheBudget) {
  const int64_t budget = cache_bytes(5 * KeyValueCache::kPage);
  BatchEngine engine(tiny(), {.cache_bytes = budget, .at_once = 12});
  std::vector<std::vector<std::pair<uint64_t, std::future<Result<Generated>>>>> sent(4);
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (uint64_t i = 0; i < 250; ++i) sent[t].emplace_back(1000 * t + i, engine.submit(request(1000 * t + i)));
    });
  for (std::thread& thread : threads) thread.join();
  size_t answered = 0;
  for (auto& list : sent)
    for (auto& [seed, answer] : list) {
      const auto made = answer.get();
      ASSERT_TRUE(made) << made.error().message;
      ++answered;
      if (seed % 10 == 0) expect_same(*made, alone(request(seed)), fmt::format("request {}", seed));
    }
  EXPECT_EQ(answered, 1000U);
  const BatchEngine::Load load = engine.load();
  EXPECT_LE(load.max_cache_bytes, budget);
  EXPECT_GT(load.max_cache_bytes, budget / 2) << "the budget was used";
  EXPECT_EQ(load.waiting, 0);
}

TEST(Batch, WhatAPromptBeganWithIsNotReadAgain) {
  // Two beginnings of 256 tokens; a budget that holds one of them beside a request, so one is forgotten now and then.
  for (const int64_t tokens : {1500, 640}) {
    const int64_t budget = cache_bytes(tokens);
    BatchEngine engine(tiny(), {.cache_bytes = budget, .at_once = 4});
    std::vector<BatchRequest> requests;
    std::vector<std::future<Result<Generated>>> answers;
    for (uint64_t i = 0; i < 40; ++i) {
      BatchRequest r = request(i);
      const BatchRequest beginning = request(100 + i / 5 % 2, 1);
      std::vector<int32_t> prompt(256, beginning.prompt[0]);
      for (size_t j = 0; j < prompt.size(); j += 3) prompt[j] = static_cast<int32_t>(j % 96);
      r.prompt.insert(r.prompt.begin(), prompt.begin(), prompt.end());
      requests.push_back(r);
      answers.push_back(engine.submit(std::move(r)));
    }
    for (size_t i = 0; i < answers.size(); ++i) {
      const auto made = answers[i].get();
      ASSERT_TRUE(made) << made.error().message;
      expect_same(*made, alone(requests[i]), fmt::format("request {} of {}", i, tokens));
    }
    const BatchEngine::Load load = engine.load();
    EXPECT_LE(load.max_cache_bytes, budget);
    EXPECT_GE(load.reused_tokens, 256 * 20) << "budget for " << tokens;
    EXPECT_GT(load.kept_bytes, 0);
  }
}

TEST(Batch, ABeginningThatIsInTheWayIsForgotten) {
  const int64_t budget = cache_bytes(320);
  BatchEngine engine(tiny(), {.cache_bytes = budget});
  for (const uint64_t seed : {1, 2, 3, 1}) {
    BatchRequest r = request(seed);
    r.prompt.assign(290, static_cast<int32_t>(seed));
    r.options.max_tokens = 20;
    const auto made = engine.submit(r).get();
    ASSERT_TRUE(made) << made.error().message;
    expect_same(*made, alone(r), fmt::format("request {}", seed));
    EXPECT_LE(engine.load().max_cache_bytes, budget);
  }
}

TEST(Batch, BadRequestsFailAlone) {
  BatchEngine engine(tiny(), {.cache_bytes = cache_bytes(100)});
  const auto code = [&](BatchRequest r) {
    const auto made = engine.submit(std::move(r)).get();
    return made ? std::optional<ErrorCode>() : made.error().code;
  };
  const BatchRequest good = request(3);
  auto held = engine.submit(good);
  EXPECT_EQ(code({}), ErrorCode::invalid_argument) << "empty prompt";
  EXPECT_EQ(code({.prompt = {1, 96}, .options = {.max_tokens = 5}}), ErrorCode::invalid_argument) << "no such token";
  EXPECT_EQ(code({.prompt = {1}, .options = {.max_tokens = 300}}), ErrorCode::over_budget);
  EXPECT_EQ(code({.prompt = std::vector<int32_t>(600, 1), .options = {.max_tokens = 1}}), ErrorCode::invalid_argument) << "longer than the context";
  BatchRequest odd = good;
  odd.options.sampling.top_p = 2;
  EXPECT_EQ(code(odd), ErrorCode::invalid_argument);
  BatchRequest thrower = good;
  thrower.options.max_tokens = 30, thrower.options.stop.clear(), thrower.options.sampling.temperature = 1.5F;
  thrower.show = [](std::string_view) { throw std::runtime_error("the listener is gone"); };
  EXPECT_EQ(code(thrower), ErrorCode::internal);
  const auto made = held.get();
  ASSERT_TRUE(made);
  expect_same(*made, alone(good), "the good one");
  EXPECT_THROW(BatchEngine(tiny(), {.at_once = 0}), Failure);
}

TEST(Batch, RequestsEndWhenCancelledOrWhenTheEngineGoes) {
  auto token = std::make_shared<CancelToken>();
  BatchRequest endless{.prompt = {1, 2, 3}, .options = {.max_tokens = 500}};
  endless.options.sampling.temperature = 0;
  LoadedLanguageModel model = tiny();
  model.stop_tokens.clear();
  std::future<Result<Generated>> cancelled, left, waiting;
  {
    BatchEngine engine(model, {.at_once = 2});
    BatchRequest listened = endless;
    std::promise<void> begun;
    bool told = false;
    listened.cancel = token;
    listened.show = [&](std::string_view) {
      if (!told) begun.set_value();
      told = true;
    };
    cancelled = engine.submit(listened);
    left = engine.submit(endless);
    waiting = engine.submit(endless);
    begun.get_future().wait();
    token->cancel();
    EXPECT_EQ(cancelled.get().error().code, ErrorCode::cancelled);
  }
  for (auto* future : {&left, &waiting}) {
    const auto made = future->get();  // done, or cut off by the end of the engine
    EXPECT_TRUE(made || made.error().code == ErrorCode::cancelled);
  }
}

}  // namespace ptah
