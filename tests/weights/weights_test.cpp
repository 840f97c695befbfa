#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/file.h"
#include "base/json.h"
#include "nn/weights.h"
#include "tensor/blocks.h"
#include "tensor/ops.h"
#include "weights/gguf.h"
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

TEST(Safetensors, FilesHaveNoGaps) {  // the reference reader refuses them
  const auto path = std::filesystem::temp_directory_path() / fmt::format("ptah-gaps-{}.safetensors", ::getpid());
  TensorFile file;
  file.tensors.emplace("a", Tensor::zeros({3}, DType::bf16));
  file.tensors.emplace("b", Tensor::zeros({5}, DType::f32));
  file.tensors.emplace("c", Tensor::zeros({7}, DType::u8));
  file.tensors.emplace("d", Tensor::zeros({1}, DType::f32));
  ASSERT_TRUE(write_safetensors(path, file));
  const auto bytes = read_file(path);
  ASSERT_TRUE(bytes);
  uint64_t length = 0;
  std::memcpy(&length, bytes->data(), 8);
  EXPECT_EQ(length % 8, 0U);
  const Json header = *parse_json({reinterpret_cast<const char*>(bytes->data()) + 8, length});
  std::map<int64_t, int64_t> ranges;
  for (const auto& [name, entry] : header.items()) ranges[entry["data_offsets"][0]] = entry["data_offsets"][1];
  int64_t at = 0;
  for (const auto& [begin, end] : ranges) {
    EXPECT_EQ(begin, at);
    at = end;
  }
  EXPECT_EQ(at, 24 + 6 + 7);
  EXPECT_EQ(bytes->size(), 8 + length + 37);
  EXPECT_TRUE(read_safetensors(path));
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

TEST(Safetensors, NumbersInBlocksAreWrittenAndReadAsTheyLie) {
  const auto path = std::filesystem::temp_directory_path() / fmt::format("ptah-blocks-{}.safetensors", ::getpid());
  std::vector<float> values(5 * 64);
  for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<float>(i));
  TensorFile file;
  file.tensors["matrix"] = quantized(Tensor::from({5, 64}, values), BlockType::q8_0);
  file.tensors["odd"] = Tensor::from({3}, std::vector<float>{1, 2, 3});
  file.metadata["what"] = "a test";
  ASSERT_TRUE(write_safetensors(path, file));
  const auto back = read_safetensors(path);
  ASSERT_TRUE(back) << back.error().message;
  const Tensor& matrix = back->tensors.at("matrix");
  ASSERT_EQ(matrix.dtype(), DType::blocks);
  EXPECT_EQ(matrix.block_type(), BlockType::q8_0);
  EXPECT_EQ(matrix.shape(), (Shape{5, 64}));
  EXPECT_EQ(back->metadata, file.metadata) << "the key of the blocks is the format's own";
  const Tensor wide = cast(matrix, DType::f32);
  for (size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(wide.data<float>()[i], values[i], 0.005F);
  std::filesystem::remove(path);
  const auto meta = [](const std::string& kinds) {
    return R"({"__metadata__":{"ptah.blocks":")" + kinds + R"("},"m":{"dtype":"U8","shape":[2,34],"data_offsets":[0,68]}})";
  };
  EXPECT_TRUE(parse(padded(meta(R"({\"m\":\"q8_0\"})")), 68));
  refused(meta(R"({\"m\":\"q9\"})"), 68, "unknown tensor or kind");
  refused(meta(R"({\"n\":\"q8_0\"})"), 68, "unknown tensor or kind");
  refused(meta(R"({\"m\":\"q4_0\"})"), 68, "no matrix in q4_0");
  refused(meta("[1"), 68, "");
  // With a shape they become numbers that layers of any kind can compute with.
  const auto kernel = parse(padded(meta(R"({\"m\":{\"kind\":\"q8_0\",\"shape\":[4,2,2,4]}})")), 68);
  ASSERT_TRUE(kernel) << kernel.error().message;
  EXPECT_EQ(kernel->tensors.at("m").shape(), (Shape{4, 2, 2, 4}));
  EXPECT_EQ(kernel->tensors.at("m").dtype(), DType::bf16);
  refused(meta(R"({\"m\":{\"kind\":\"q8_0\",\"shape\":[4,2,2,5]}})"), 68, "another shape");
  for (const char* shape : {"[]", "[-64]", "[0,64]", "[1,1,1,1,1,64]", "64", "[4294967296,4294967296]", "[8.0,8]"})
    refused(meta(std::string(R"({\"m\":{\"kind\":\"q8_0\",\"shape\":)") + shape + "}}"), 68, "unknown tensor or kind");
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

TEST(Gguf, RequantizesMatricesOnly) {
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("ptah-requantize-{}", ::getpid());
  std::filesystem::create_directories(folder);
  const auto as_bytes_of = [](const Tensor& t) {
    const auto* raw = static_cast<const uint8_t*>(t.raw());
    return std::vector<uint8_t>(raw, raw + t.bytes());
  };
  const Tensor matrix = Tensor::normal({2, 64}, 1, 2), odd = Tensor::normal({3, 33}, 1, 3), vector = Tensor::normal({64}, 1, 4);
  const std::map<std::string, GgufValue> metadata{
      {"general.architecture", std::string("llama")}, {"general.alignment", int64_t{64}}, {"a.list", std::vector<std::string>{"x", "y"}}};
  ASSERT_TRUE(write_gguf(folder / "from.gguf", metadata,
                         {{"matrix", {2, 64}, BlockType::f32, as_bytes_of(matrix)},
                          {"odd", {3, 33}, BlockType::f32, as_bytes_of(odd)},
                          {"vector", {64}, BlockType::f32, as_bytes_of(vector)}}));
  const auto stand_in = requantize_gguf(folder / "from.gguf", folder / "to.gguf", BlockType::q4_k);
  ASSERT_TRUE(stand_in) << stand_in.error().message;
  EXPECT_EQ(stand_in->others, 1);
  EXPECT_EQ(read_gguf(folder / "to.gguf")->tensors.at("matrix").matrix.type, BlockType::q5_0);
  EXPECT_EQ(requantize_gguf(folder / "from.gguf", folder / "from.gguf", BlockType::q4_0).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(requantize_gguf(folder / "none.gguf", folder / "to.gguf", BlockType::q4_0).error().code, ErrorCode::not_found);
  const auto done = requantize_gguf(folder / "from.gguf", folder / "to.gguf", BlockType::q4_0);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->changed, 1);
  EXPECT_EQ(done->kept, 2);
  EXPECT_EQ(done->bytes_after, 2 * 2 * 18 + 4 * (99 + 64));
  const auto read = read_gguf(folder / "to.gguf");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->get<std::vector<std::string>>("a.list", {}), (std::vector<std::string>{"x", "y"}));
  const BlockMatrix& made = read->tensors.at("matrix").matrix;
  ASSERT_EQ(made.type, BlockType::q4_0);
  std::vector<uint8_t> wanted(2 * 2 * 18);
  ASSERT_TRUE(quantize(BlockType::q4_0, matrix.data<float>(), 128, wanted.data()));
  EXPECT_EQ(std::vector<uint8_t>(made.data, made.data + wanted.size()), wanted);
  EXPECT_EQ(std::memcmp(read->tensors.at("odd").matrix.data, odd.raw(), odd.bytes()), 0);
  EXPECT_EQ(std::memcmp(read->tensors.at("vector").matrix.data, vector.raw(), vector.bytes()), 0);
  std::filesystem::remove_all(folder);
}

}  // namespace ptah
