// What strangers' bytes may take: memory, depth, steps, time; and nothing waits at a pipe.
#include "base/budget.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>

#include "base/file.h"
#include "base/json.h"

namespace ptah {
namespace {

ErrorCode code_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Failure& failure) {
    return failure.error().code;
  }
  return ErrorCode::internal;
}

TEST(Budget, EachOfItsLimitsHolds) {
  Budget budget("x", {.bytes = 100, .depth = 2, .steps = 10, .seconds = 100});
  budget.take(60);
  EXPECT_EQ(code_of([&] { budget.take(41); }), ErrorCode::over_budget);
  EXPECT_EQ(code_of([&] { budget.take(~size_t{0}); }), ErrorCode::over_budget);
  {
    const Budget::Charge charge(budget, 40);
    EXPECT_EQ(budget.held(), 100U);
  }
  EXPECT_EQ(budget.held(), 60U);
  {
    const Budget::Level one(budget), two(budget);
    EXPECT_EQ(code_of([&] { const Budget::Level three(budget); }), ErrorCode::over_budget);
  }
  budget.step(10);
  EXPECT_EQ(code_of([&] { budget.step(); }), ErrorCode::over_budget);
  Budget late("x", {.seconds = 0});
  EXPECT_EQ(code_of([&] {
              for (int i = 0; i < 100000; ++i) late.step();
            }),
            ErrorCode::over_budget);
}

TEST(Budget, TheJobsTokenEndsIt) {
  CancelToken token;
  const CancelScope scope(&token);
  Budget budget("x", {});
  budget.step(10000);
  token.cancel();
  EXPECT_EQ(code_of([&] {
              for (int i = 0; i < 10000; ++i) budget.step();
            }),
            ErrorCode::cancelled);
}

TEST(Json, TextsThatGrowManifoldInMemoryAreRefused) {
  for (const char* piece : {"{},", "[],", "[0],", "{\"a\":0},"}) {
    std::string text = "[";
    while (text.size() < (size_t{24} << 20)) text += piece;
    text += "0]";
    const auto read = parse_json(text);
    ASSERT_FALSE(read) << piece;
    EXPECT_EQ(read.error().code, ErrorCode::over_budget) << read.error().message;
  }
  std::string vocabulary = "{";
  for (int i = 0; i < 300000; ++i) vocabulary += fmt::format("\"token {}\":{},", i, i);
  EXPECT_TRUE(parse_json(vocabulary + "\"last\":[]}"));  // as a large tokenizer.json
}

TEST(Files, NothingWaitsAtAPipeAndNoDeviceIsRead) {
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("ptah-budget-{}", ::getpid());
  std::filesystem::create_directories(folder);
  const auto pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::filesystem::create_symlink("/dev/zero", folder / "zeros");
  const auto begin = std::chrono::steady_clock::now();
  for (const auto& path : {pipe, folder / "zeros", folder}) {
    EXPECT_FALSE(read_file(path)) << path;
    EXPECT_FALSE(read_text(path)) << path;
    EXPECT_FALSE(MappedFile::open(path)) << path;
  }
  EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(), 5);
  ASSERT_TRUE(write_file(folder / "plain", std::string_view("abc")));
  EXPECT_EQ(*read_text(folder / "plain"), "abc");
  EXPECT_FALSE(read_file(folder / "plain", 2));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace ptah
