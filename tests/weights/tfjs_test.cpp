// Weights of TensorFlow.js: dequantised as they should be, refused where they are broken.
#include <gtest/gtest.h>

#include "weights/tfjs.h"

namespace ptah {

namespace {

const std::string kManifest = R"([{"paths":["a.bin"],"weights":[
  {"name":"a","shape":[2,2],"dtype":"float32","quantization":{"dtype":"uint8","scale":0.5,"min":-1}},
  {"name":"b","shape":[1],"dtype":"float32"}]}])";
const Bytes kNumbers{0, 2, 4, 255, 0, 0, 0x80, 0x3F};

}  // namespace

TEST(Tfjs, ReadsScaledAndPlainNumbers) {
  const TfjsWeights read = value_or_throw(parse_tfjs(kManifest, kNumbers));
  const Tensor& a = read.at("a");
  EXPECT_EQ(a.shape(), Shape({2, 2}));
  EXPECT_EQ(a.data<float>()[0], -1);
  EXPECT_EQ(a.data<float>()[1], 0);
  EXPECT_EQ(a.data<float>()[3], 126.5F);
  EXPECT_EQ(read.at("b").data<float>()[0], 1);
}

TEST(Tfjs, RefusesWhatDoesNotFit) {
  EXPECT_EQ(parse_tfjs(kManifest, std::span(kNumbers).first(7)).error().code, ErrorCode::corrupt);
  Bytes more = kNumbers;
  more.push_back(0);
  EXPECT_EQ(parse_tfjs(kManifest, more).error().code, ErrorCode::corrupt);
  for (const char* wrong : {"{}", "[1]", "[{}]", R"([{"weights":[{}]}])", R"([{"weights":[{"name":"a","shape":[-1],"dtype":"float32"}]}])",
                            R"([{"weights":[{"name":"a","shape":[9999999999,9999999999],"dtype":"float32"}]}])",
                            R"([{"weights":[{"name":"a","shape":[1],"dtype":"float32","quantization":{"dtype":"uint8"}}]}])"})
    EXPECT_EQ(parse_tfjs(wrong, kNumbers).error().code, ErrorCode::corrupt) << wrong;
  EXPECT_EQ(parse_tfjs(R"([{"weights":[{"name":"a","shape":[1],"dtype":"complex64"}]}])", kNumbers).error().code, ErrorCode::unsupported);
  EXPECT_EQ(parse_tfjs(R"([{"weights":[{"name":"a","shape":[4],"dtype":"uint8"},{"name":"a","shape":[4],"dtype":"uint8"}]}])", kNumbers).error().code,
            ErrorCode::corrupt)
      << "twice";
}

}  // namespace ptah
