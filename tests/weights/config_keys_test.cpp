// Configurations held against tables of keys, and weights that lie in several files.
#include "weights/config_keys.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"
#include "weights/safetensors.h"
#include "weights/weights_folder.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {
constexpr ConfigKey kFamily[] = {
    {"layers"}, {"act", ConfigUse::only, R"(["silu", null])"}, {"sample_size", ConfigUse::harmless}, {"top_k", ConfigUse::only, "[1]"}};

std::string refused(const Json& config, std::vector<std::string>& warnings) {
  const auto checked = check_config(config, {kFamily, transformers_keys()}, "unet/config.json", warnings);
  return checked ? "" : checked.error().message;
}
}  // namespace

TEST(ConfigKeys, EveryKeyIsUsedHarmlessRefusedOrAWarning) {
  std::vector<std::string> warnings;
  EXPECT_EQ(refused({{"layers", 3}, {"act", "silu"}, {"sample_size", 7}, {"torch_dtype", "float16"}}, warnings), "");
  EXPECT_EQ(refused({{"act", nullptr}}, warnings), "");
  EXPECT_TRUE(warnings.empty());
  EXPECT_EQ(refused({{"act", "mish"}}, warnings), "unet/config.json: 'act' is \"mish\"; supported: \"silu\", null");
  EXPECT_EQ(refused({{"top_k", 2}}, warnings), "unet/config.json: 'top_k' is 2; supported: 1") << "the first table that lists a key decides";
  EXPECT_TRUE(warnings.empty());
  EXPECT_EQ(refused({{"new_in_2027", {1, 2}}}, warnings), "");
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(warnings[0], "unet/config.json: the key 'new_in_2027' is not known, and its value [1,2] is not read");
  EXPECT_NE(refused(Json::array(), warnings), "");
  EXPECT_EQ(refused({{"a\x1b[31m\nb", std::string(9000, 'x')}}, warnings), "");
  EXPECT_LT(warnings.back().size(), 400U);
  EXPECT_EQ(warnings.back().find('\n'), std::string::npos);
  EXPECT_EQ(warnings.back().find('\x1b'), std::string::npos);
}

TEST(ConfigKeys, ValuesOfAnotherTypeAreNamed) {
  const Config config{{{"heads", "eight"}, {"eps", 1e-5}, {"flag", true}, {"list", {2, 4}}, {"none", nullptr}}, "c.json"};
  EXPECT_EQ(config.number("eps", 0), 1e-5);
  EXPECT_TRUE(config.boolean("flag", false));
  EXPECT_EQ(config.integer("none", 7), 7);
  EXPECT_EQ(config.integer("missing", 8), 8);
  EXPECT_EQ(config.integers("list", 2, 0), (std::vector<int64_t>{2, 4}));
  EXPECT_EQ(config.integers("missing", 3, 5), (std::vector<int64_t>{5, 5, 5}));
  for (const auto& ask : {std::function<void()>([&] { (void)config.integer("heads", 1); }), std::function<void()>([&] { (void)config.integer("eps", 1); }),
                          std::function<void()>([&] { (void)config.boolean("eps", true); }), std::function<void()>([&] { (void)config.text("flag", ""); })}) {
    try {
      ask();
      FAIL();
    } catch (const Failure& failure) {
      EXPECT_NE(failure.error().message.find("c.json: '"), std::string::npos) << failure.error().message;
    }
  }
  EXPECT_NO_THROW(config.agree("list", {2, 4}));
  EXPECT_NO_THROW(config.agree("missing", 3));
  EXPECT_THROW(config.agree("list", {2, 5}), Failure);
}

TEST(WeightsFolder, OneFileSeveralOrAnOlderFormat) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("ptah-weights-folder-{}", ::getpid());
  fs::remove_all(folder);
  fs::create_directories(folder);
  const auto save = [&](const std::string& file, const std::map<std::string, Tensor>& tensors) {
    TensorFile out;
    out.tensors = tensors;
    value_or_throw(write_safetensors(folder / file, out));
  };
  const auto text = [&](const std::string& file, const std::string& content) { value_or_throw(write_file(folder / file, std::string_view(content))); };
  const auto problem = [&] {
    const auto read = read_weights_folder(folder, {"model", "pytorch_model"});
    return read ? std::string() : read.error().message;
  };
  const Tensor one = Tensor::full({2}, 1), two = Tensor::full({3}, 2);
  EXPECT_NE(problem().find("no weights there; looked for model.safetensors or model.bin"), std::string::npos);
  save("model-00001-of-00002.safetensors", {{"a", one}});
  save("model-00002-of-00002.safetensors", {{"b", two}});
  text("model.safetensors.index.fp16.json", R"({"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}})");
  ASSERT_EQ(problem(), "") << "a variant, if there is nothing else";
  text("model.safetensors.index.json", R"({"metadata": {}, "weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}})");
  const auto both = value_or_throw(read_weights_folder(folder, {"model"}));
  EXPECT_EQ(both.size(), 2U);
  EXPECT_EQ(both.at("b").to_vector(), two.to_vector());
  EXPECT_EQ(value_or_throw(weight_files(folder, {"model"})).size(), 2U);
  text("model.safetensors.index.json", R"({"weight_map": {"a": "model-00001-of-00002.safetensors", "c": "model-00002-of-00002.safetensors"}})");
  EXPECT_NE(problem().find("the index names 'c'"), std::string::npos) << problem();
  text("model.safetensors.index.json", R"({"weight_map": {"a": "../model.safetensors"}})");
  EXPECT_NE(problem().find("the name of a file in the same folder"), std::string::npos) << problem();
  text("model.safetensors.index.json", R"({"weight_map": {"a": "gone.safetensors"}})");
  EXPECT_NE(problem().find("gone.safetensors is not here"), std::string::npos) << problem();
  text("model.safetensors.index.json", R"({"weight_map": {}})");
  EXPECT_NE(problem().find("no 'weight_map'"), std::string::npos) << problem();
  fs::remove(folder / "model.safetensors.index.json");
  fs::remove(folder / "model.safetensors.index.fp16.json");
  fs::copy(fs::path(PTAH_SOURCE_DIR) / "tests/golden/diffusion/old.pth", folder / "pytorch_model.bin");
  EXPECT_EQ(problem(), "");
  EXPECT_TRUE(value_or_throw(read_weights_folder(folder, {"model", "pytorch_model"})).contains("a.weight"));
  fs::remove_all(folder);
}

}  // namespace ptah
