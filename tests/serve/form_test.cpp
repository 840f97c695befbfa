// Forms with files: what HTTP libraries send is read, anything else refused.
#include <gtest/gtest.h>

#include "serve/http/multipart.h"

namespace ptah {
namespace {

constexpr const char* kType = "multipart/form-data; boundary=edge";

Result<std::vector<FormPart>> parse(const std::string& body) { return parse_form(kType, body); }

TEST(Form, TextsAndFilesInAnyOrder) {
  const std::string body =
      "--edge\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a \\\"b\\\".png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\r\n--edg\r\n"
      "--edge\r\ncontent-disposition: form-data; name=prompt\r\n\r\na red fox\r\n--edge--\r\n";
  const auto parts = parse(body);
  ASSERT_TRUE(parts) << parts.error().message;
  ASSERT_EQ(parts->size(), 2U);
  EXPECT_EQ((*parts)[0].name, "image");
  EXPECT_EQ((*parts)[0].file_name, "a \"b\".png");
  EXPECT_EQ((*parts)[0].content_type, "image/png");
  EXPECT_EQ((*parts)[0].body, "\x89PNG\r\n\r\n--edg");
  EXPECT_EQ((*parts)[1].name, "prompt");
  EXPECT_FALSE((*parts)[1].file_name);
  EXPECT_EQ((*parts)[1].body, "a red fox");
  EXPECT_TRUE(parse_form("Multipart/Form-Data; charset=x; boundary=\"edge\"", body));
}

TEST(Form, WhatIsBrokenIsRefused) {
  const std::string head = "--edge\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n";
  ASSERT_TRUE(parse(head + "1\r\n--edge--"));
  for (const std::string& body :
       {std::string(), std::string("--edge"), std::string("--edge\r\n"), std::string("x"), head, head + "1\r\n--edg", head + "1\r\n--edge",
        head + "1\r\n--edgex", std::string("--edge\r\n\r\n1\r\n--edge--"), std::string("--edge\r\nno colon\r\n\r\n1\r\n--edge--"),
        std::string("--edge\r\nContent-Disposition: form-data\r\n\r\n1\r\n--edge--"),
        std::string("--edge\r\nContent-Disposition: form-data; name=\"x\r\n\r\n1\r\n--edge--"),
        std::string("--edge\r\nContent-Disposition: form-data; name=\"\x01\"\r\n\r\n1\r\n--edge--"),
        "--edge\r\nA: " + std::string(8000, 'a') + "\r\n\r\n1\r\n--edge--"})
    EXPECT_FALSE(parse(body)) << body.substr(0, 80);
  for (const std::string& type : {std::string("application/json"), std::string("multipart/form-data"), std::string("multipart/form-data; boundary="),
                                  "multipart/form-data; boundary=" + std::string(71, 'a'), std::string("multipart/form-data; boundary=\"edge")})
    EXPECT_FALSE(parse_form(type, head + "1\r\n--edge--")) << type;
  std::string many;
  for (int i = 0; i < 65; ++i) many += head + "1\r\n";
  EXPECT_FALSE(parse(many + "--edge--"));
}

}  // namespace
}  // namespace ptah
