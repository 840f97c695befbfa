// A pointer, a page or a refusal where a large file should be is called what it is, with what to do.
#include "base/placeholder.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/json.h"
#include "weights/gguf.h"
#include "weights/safetensors.h"
#include "weights/torch_file.h"

namespace ptah {
namespace {

const std::string kPointer =
    "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";

TEST(Placeholder, EveryReaderOfWeightsNamesIt) {
  const auto file = std::filesystem::temp_directory_path() / fmt::format("ptah-placeholder-{}", ::getpid());
  for (const auto& [content, said, todo] :
       {std::tuple<std::string, const char*, const char*>{kPointer, "Git LFS pointer, not the file itself of 12345 bytes", "git lfs pull"},
        {"\n<!DOCTYPE html>\n<html><head><title>Sign in</title>", "web page", "download"},
        {"\xEF\xBB\xBF<HTML>", "web page", "download"},
        {"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "refusal", "AccessDenied"},
        {"Entry not found", "refusal", "Entry not found"},
        {"{\"error\":\"Access to model x is restricted\"}", "refusal", "restricted"},
        {"", "empty", "download"}}) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
    for (const auto& outcome : {read_safetensors(file).map([](auto&&) {}), read_gguf(file).map([](auto&&) {}), read_tensor_file(file).map([](auto&&) {})}) {
      ASSERT_FALSE(outcome) << content;
      EXPECT_NE(outcome.error().message.find(said), std::string::npos) << outcome.error().message;
      EXPECT_NE(outcome.error().message.find(todo), std::string::npos) << outcome.error().message;
    }
  }
  std::filesystem::remove(file);
}

TEST(Placeholder, SoDoTheReadersOfJsonAndNothingElseIsTakenForOne) {
  EXPECT_NE(parse_json(kPointer).error().message.find("git lfs pull"), std::string::npos);
  EXPECT_NE(parse_json("<html>").error().message.find("web page"), std::string::npos);
  EXPECT_EQ(parse_json("{\"a\": <html>").error().message.find("web page"), std::string::npos);
  for (const std::string_view text : {"GGUF", "PK\x03\x04", "{\"model_type\": \"llama\"}", "<s>"})
    EXPECT_EQ(placeholder_in({reinterpret_cast<const uint8_t*>(text.data()), text.size()}), "");
}

}  // namespace
}  // namespace ptah
