// Configurations in YAML: what is read of it, and what is refused.
#include "weights/yaml.h"

#include <gtest/gtest.h>

namespace ptah {
namespace {

Json read(const std::string& text) {
  const auto json = parse_yaml(text, "config.yaml");
  EXPECT_TRUE(json) << json.error().message;
  return json.value_or(Json());
}
Error refused(const std::string& text) {
  const auto json = parse_yaml(text, "config.yaml");
  EXPECT_FALSE(json) << text << "\n" << json->dump();
  return json ? Error{} : json.error();
}

TEST(Yaml, MappingsOfScalarsAreRead) {
  EXPECT_EQ(
      read("---\nsize: 512   # pixels\n\nname: \"facebook/dino\"\nother: 'it''s # one'\nsection:\n  deep:\n      a: -1.0\n      b: 1e-3\n  c: true\nlast: ~\n"),
      (Json{{"size", 512},
            {"name", "facebook/dino"},
            {"other", "it's # one"},
            {"section", {{"deep", {{"a", -1.0}, {"b", 1e-3}}}, {"c", true}}},
            {"last", nullptr}}));
  EXPECT_EQ(read("a: x:y\nb: http://x#y\r\nc:\nd: 007x\n..."), (Json{{"a", "x:y"}, {"b", "http://x#y"}, {"c", nullptr}, {"d", "007x"}}));
  EXPECT_EQ(read(""), Json::object());
  EXPECT_EQ(read("# nothing\n"), Json::object());
}

TEST(Yaml, ReferencesAreFollowed) {
  EXPECT_EQ(read("a:\n  b: 1024\nc: ${a.b}\nd:\n  e: ${c}\n")["d"]["e"], 1024);
  EXPECT_EQ(refused("a: ${b}\nb: ${a}\n").code, ErrorCode::corrupt);
  EXPECT_EQ(refused("a: ${nowhere.at.all}\n").code, ErrorCode::corrupt);
  EXPECT_EQ(refused("a:\n  b: 1\nc: ${a}\n").code, ErrorCode::corrupt);
  EXPECT_EQ(refused("a: 1\nb: x${a}\n").code, ErrorCode::unsupported);
}

TEST(Yaml, WhatIsNotReadIsSaidWithItsLine) {
  for (const char* text :
       {"a: 1\nb: [1, 2]\n", "a: 1\nb: {c: 1}\n", "a: 1\nb: &x 1\n", "a: 1\nb: !!int 1\n", "a: 1\nb: |\n  text\n", "a: 1\n- b\n", "a: 1\n? b\n"}) {
    const Error error = refused(text);
    EXPECT_EQ(error.code, ErrorCode::unsupported) << text;
    EXPECT_NE(error.message.find("config.yaml: line 2: "), std::string::npos) << error.message;
  }
  for (const char* text : {"a: 1\n  b: 2\n", "a:\n    b: 1\n  c: 2\n", "a: 1\na: 2\n", "a\n", "a: \"x\n", "a: 'x' y\n", "\ta: 1\n", "'a' 1\n"})
    EXPECT_EQ(refused(text).code, ErrorCode::corrupt) << text;
}

TEST(Yaml, IsBounded) {
  std::string deep, many;
  for (int i = 0; i < 40; ++i) deep += std::string(static_cast<size_t>(i), ' ') + "a:\n";
  for (int i = 0; i < 5000; ++i) many += fmt::format("k{}: 1\n", i);
  for (const std::string& text : {deep, many, "a: " + std::string(size_t{2} << 20, 'x')}) EXPECT_EQ(refused(text).code, ErrorCode::over_budget);
}

}  // namespace
}  // namespace ptah
