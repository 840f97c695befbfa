// The writer of shapes is trained on a library of two kinds, resumed, and taken over for a library of three.
#include "train/shape/shape_trainer.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include "base/file.h"
#include "models/registry.h"
#include "tensor/ops.h"
#include "weights/safetensors.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

class ShapeTraining : public testing::Test {
 protected:
  void SetUp() override {
    kind("ball", "sphere(0.1)");
    kind("crate", "box(0.3, 0.3, 0.3)");
    captions({"ball", "crate"});
  }
  void TearDown() override { fs::remove_all(folder_); }

  void kind(const std::string& name, const std::string& solid) {
    value_or_throw(write_file(folder_ / "shapes" / (name + ".shape"),
                              fmt::format("shape {} \"a {}\"\nparam color = red of (colors)\npart {} = {} is color\n", name, name, name, solid)));
  }
  void captions(const std::vector<std::string>& names) {
    Json json{{"colors", Json::object()}, {"materials", Json::object()}, {"kinds", Json::object()}};
    for (const std::string& name : names)
      json["kinds"][name] = {{"noun", name},
                             {"descriptions", {"thing like a " + name}},
                             {"parameters", {{"color", {{"type", "color"}, {"before", {"{}"}}, {"after", {"in {}"}}}}}}};
    value_or_throw(write_file(folder_ / "shapes" / "captions.json", json.dump()));
  }
  Result<void> train(Json config) {
    config.update({{"library", "shapes"},
                   {"encoder", (value_or_throw(models_folder()) / "minilm").string()},
                   {"batch", 2},
                   {"model", {{"width", 32}, {"layers", 1}, {"heads", 2}, {"hidden", 32}, {"text_tokens", 8}}}});
    return train_shape_writer(config, folder_, {});
  }
  TensorFile writer(const std::string& out) { return value_or_throw(read_safetensors(folder_ / out / "writer.safetensors")); }

  fs::path folder_ = [] {
    const fs::path out = fs::temp_directory_path() / fmt::format("ptah-shape-training-{}", ::getpid());
    fs::create_directories(out / "shapes");
    return out;
  }();
};

TEST_F(ShapeTraining, TheSameConfigGivesTheSameWriterAlsoWhenItWasCut) {
  value_or_throw(train({{"out", "whole"}, {"steps", 4}}));
  const TensorFile whole = writer("whole");
  EXPECT_NE(whole.metadata.at("tokens").find("kind:crate"), std::string::npos);
  value_or_throw(train({{"out", "again"}, {"steps", 4}}));
  EXPECT_EQ(value_or_throw(read_file(folder_ / "whole" / "writer.safetensors")), value_or_throw(read_file(folder_ / "again" / "writer.safetensors")));
}

TEST_F(ShapeTraining, ALargerLibraryKeepsWhatWasLearnt) {
  value_or_throw(train({{"out", "two"}, {"steps", 2}}));
  kind("ant", "sphere(0.05)");
  captions({"ant", "ball", "crate"});
  // No step that changes anything: what was learnt is there, at the places of the new tokens.
  value_or_throw(train({{"out", "three"}, {"steps", 1}, {"learning_rate", 1e-12}, {"start_from", "two/writer.safetensors"}}));
  const TensorFile two = writer("two"), three = writer("three");
  const Json before = value_or_throw(parse_json(two.metadata.at("tokens"))), after = value_or_throw(parse_json(three.metadata.at("tokens")));
  ASSERT_EQ(after.size(), before.size() + 1);
  const auto row = [](const Json& tokens, const TensorFile& file, const std::string& token) {
    const auto at = std::find(tokens.begin(), tokens.end(), token) - tokens.begin();
    const Tensor table = cast(file.tensors.at("table"), DType::f32);
    return std::vector<float>(table.data<float>() + at * 32, table.data<float>() + (at + 1) * 32);
  };
  for (const char* token : {"end", "kind:crate", "is:red"}) EXPECT_EQ(row(before, two, token), row(after, three, token)) << token;
  const auto refused = train({{"out", "none"}, {"steps", 1}, {"start_from", "shapes/captions.json"}});
  EXPECT_FALSE(refused);
}

TEST_F(ShapeTraining, WrongKeysAreNamed) {
  const auto refused = train({{"out", "x"}, {"step", 4}});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("'step'"), std::string::npos) << refused.error().message;
}

}  // namespace
}  // namespace ptah
