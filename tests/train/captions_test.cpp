// Captions of a folder of pictures.
#include "train/picture/captions.h"

#include <gtest/gtest.h>

#include "base/file.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

class Captions : public testing::Test {
 protected:
  void SetUp() override {
    folder = fs::temp_directory_path() / ("ptah-captions-" + std::to_string(::getpid()));
    fs::create_directories(folder);
    for (const char* name : {"a.png", "b.jpg"}) value_or_throw(write_file(folder / name, std::string_view("x")));
  }
  void TearDown() override { fs::remove_all(folder); }
  void put(const char* name, std::string_view text) const { value_or_throw(write_file(folder / name, text)); }
  fs::path folder;
};

TEST_F(Captions, CsvIsReadAsRfc4180HasIt) {
  const auto rows = parse_csv(
      "\xEF\xBB\xBF"
      "file_name,text\r\na.png,\"a \"\"red\"\" fox, sitting\nby a tree\"\r\n\nb.jpg,\n");
  ASSERT_TRUE(rows);
  const std::vector<std::vector<std::string>> expected{{"file_name", "text"}, {"a.png", "a \"red\" fox, sitting\nby a tree"}, {"b.jpg", ""}};
  EXPECT_EQ(*rows, expected);
  EXPECT_EQ(parse_csv("a,\"b").error().code, ErrorCode::corrupt);
  EXPECT_TRUE(parse_csv("")->empty());
}

TEST_F(Captions, EachKindOfListIsRead) {
  EXPECT_TRUE(read_captions(folder)->empty());
  put("metadata.csv", "text,file_name\na fox,a.png\nan owl,b.jpg\n");
  EXPECT_EQ(read_captions(folder)->at("a.png"), std::vector<std::string>{"a fox"});
  put("metadata.jsonl", "{\"file_name\": \"a.png\", \"caption\": \"a cat\"}\n\n");
  EXPECT_EQ(read_captions(folder)->at("a.png"), std::vector<std::string>{"a cat"});
  EXPECT_FALSE(read_captions(folder)->contains("b.jpg"));
  put("captions.jsonl", "{\"file\": \"b.jpg\", \"captions\": [\"a dog\", \"a small dog\"]}\n");
  EXPECT_EQ(read_captions(folder)->at("b.jpg"), (std::vector<std::string>{"a dog", "a small dog"}));
}

TEST_F(Captions, WhatIsWrongIsNamedWithItsLine) {
  const auto error = [&](const char* name, std::string_view text) {
    put(name, text);
    const auto captions = read_captions(folder);
    return captions ? Error{} : captions.error();
  };
  EXPECT_NE(error("metadata.csv", "name,text\na.png,x\n").message.find("'file_name' and 'text' are needed"), std::string::npos);
  EXPECT_NE(error("metadata.csv", "file_name,text\na.png\n").message.find("row 2"), std::string::npos);
  EXPECT_EQ(error("metadata.csv", "file_name,text\nc.png,x\n").code, ErrorCode::not_found);
  EXPECT_NE(error("captions.jsonl", "{\"file\": \"a.png\", \"text\": \"x\"}\n{\"text\": \"y\"}\n").message.find("captions.jsonl:2"), std::string::npos);
  EXPECT_EQ(error("captions.jsonl", "{\"file\": \"../a.png\", \"text\": \"x\"}\n").code, ErrorCode::corrupt);
  EXPECT_EQ(error("captions.jsonl", "not json\n").code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace ptah
