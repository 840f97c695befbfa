#include <gtest/gtest.h>

#include <cstring>

#include "nn/weights.h"
#include "tensor/ops.h"
#include "weights/safetensors.h"

namespace ptah {

namespace {

Result<TensorFile> parse(const std::string& header, size_t data_bytes, uint64_t claimed = ~uint64_t{0}) {
  auto bytes = std::make_shared<std::vector<uint64_t>>((8 + header.size() + data_bytes) / 8 + 2);  // aligned
  auto* at = reinterpret_cast<uint8_t*>(bytes->data());
  const uint64_t length = claimed == ~uint64_t{0} ? header.size() : claimed;
  std::memcpy(at, &length, 8);
  std::memcpy(at + 8, header.data(), header.size());
  return parse_safetensors({at, 8 + header.size() + data_bytes}, bytes);
}

std::string padded(std::string header) {
  header.resize((header.size() + 7) / 8 * 8, ' ');
  return header;
}

void refused(const std::string& header, size_t data_bytes, const std::string& part) {
  const auto result = parse(padded(header), data_bytes);
  ASSERT_FALSE(result) << header;
  EXPECT_NE(result.error().message.find(part), std::string::npos) << result.error().message;
}

}  // namespace

TEST(Safetensors, RoundTripKeepsEveryDtypeAndTheMetadata) {
  const auto path = std::filesystem::temp_directory_path() / fmt::format("ptah-{}.safetensors", ::getpid());
  TensorFile file;
  file.metadata["config"] = "{\"a\": \"ü\"}";
  for (const DType type : {DType::f32, DType::bf16, DType::f16}) file.tensors.emplace(std::string(name_of(type)), Tensor::normal({3, 5}, 1, 2, type));
  file.tensors.emplace("i32", Tensor::from({2}, std::vector<int32_t>{-1, 7}));
  file.tensors.emplace("empty", Tensor::zeros({0, 4}));
  file.tensors.emplace("scalar", Tensor::full({}, 3));
  ASSERT_TRUE(write_safetensors(path, file));
  const auto read = read_safetensors(path);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->metadata, file.metadata);
  ASSERT_EQ(read->tensors.size(), file.tensors.size());
  for (const auto& [name, tensor] : file.tensors) {
    const Tensor& again = read->tensors.at(name);
    EXPECT_EQ(again.shape(), tensor.shape());
    EXPECT_EQ(again.dtype(), tensor.dtype());
    EXPECT_EQ(again.to_vector(), tensor.to_vector());
  }
  std::filesystem::remove(path);
}

TEST(Safetensors, RefusesHostileFiles) {
  EXPECT_FALSE(parse_safetensors({}, nullptr));
  EXPECT_FALSE(parse("{}", 0, uint64_t{1} << 62));
  EXPECT_FALSE(parse("{}", 0, (uint64_t{64} << 20) + 1));
  EXPECT_TRUE(parse("{}      ", 0));
  const std::string a = R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  refused("{" + a + "," + a + "}", 8, "twice");
  refused("{" + a + R"(,"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8, "overlap");
  refused("{" + a + "}", 4, "lies at");
  refused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8, "lies at");
  refused(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8, "needs 12 bytes");
  refused(R"({"a":{"dtype":"Q9","shape":[2],"data_offsets":[0,8]}})", 8, "dtype Q9");
  refused(R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8, "natural");
  refused(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,8]}})", 8, "large");
  refused(R"({"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1],"data_offsets":[0,4]}})", 8, "axes");
  refused(R"({"a":{"dtype":"F32","shape":[[[[[1]]]]],"data_offsets":[0,4]}})", 8, "nested");
  refused(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})", 8, "aligned");
  refused(R"({"a":{"dtype":"F32","shape":[1]}})", 8, "lacks");
  refused("[]", 0, "no object");
}

TEST(Weights, AMissingTensorIsNamedWithTheNearest) {
  Weights weights({{"encoder.in.weight", Tensor::zeros({2, 2})}});
  try {
    (void)(Scope(weights) / "encoder" / "in").weight("wieght", {2, 2}, Init::zeros);
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.error().message, "weights: tensor 'encoder.in.wieght' is missing; nearest: 'encoder.in.weight'");
  }
  EXPECT_THROW((Scope(weights) / "encoder" / "in").weight("weight", {2, 3}, Init::zeros), Failure);
}

TEST(Weights, FreshWeightsDependOnSeedAndNameOnly) {
  Weights a = Weights::fresh(1), b = Weights::fresh(1), c = Weights::fresh(2);
  (void)Scope(b).weight("other", {4, 4}, Init::fan_in);
  const auto make = [](Weights& w) { return Scope(w).weight("x", {4, 4}, Init::fan_in).to_vector(); };
  EXPECT_EQ(make(a), make(b));
  EXPECT_NE(make(a), make(c));
}

}  // namespace ptah
