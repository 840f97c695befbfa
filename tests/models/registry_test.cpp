// Every model behind one interface: shipped, pulled, or known by name.
#include "models/registry.h"

#include "models/kokoro.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/file.h"
#include "base/json.h"
#include "models/pull.h"

namespace ptah {

namespace {

namespace fs = std::filesystem;

class Registry : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(pulled() / "minilm");
    fs::create_directories(pulled() / "me--it");
    fs::create_directories(shipped());
    const Json one{{"name", "one"}, {"file", "a/one.safetensors"}, {"sha256", std::string(64, '1')}, {"licence", "MIT"}, {"summary", "draws"}, {"bytes", 7}};
    Json two = one;
    two["name"] = "two";
    value_or_throw(write_file(shipped() / "index.json", Json{{"models", {one, two}}}.dump()));
    value_or_throw(write_file(pulled() / "me--it" / "m.gguf", std::string("12345")));
    value_or_throw(
        write_file(pulled() / "me--it" / "origin.json",
                   Json{{"source", "hf:me/it"}, {"licence", "apache-2.0"}, {"files", {{{"path", "m.gguf"}, {"sha256", std::string(64, '2')}}}}}.dump()));
    value_or_throw(write_file(pulled() / "minilm" / "config.json", std::string("{}")));
    ::setenv("PTAH_CACHE", folder_.c_str(), 1);
  }
  void TearDown() override {
    ::unsetenv("PTAH_CACHE");
    fs::remove_all(folder_);
  }
  fs::path shipped() const { return folder_ / "shipped"; }
  fs::path pulled() const { return folder_ / "models"; }
  const fs::path folder_ = fs::temp_directory_path() / fmt::format("ptah-registry-{}", ::getpid());
};

const Model& named(const std::vector<Model>& models, const std::string& name) {
  const auto found = std::find_if(models.begin(), models.end(), [&](const Model& m) { return m.name == name; });
  if (found == models.end()) throw Failure({ErrorCode::not_found, name});
  return *found;
}

}  // namespace

TEST_F(Registry, AVoiceIsAPartOfAFile) {
  for (const PullableModel& model : pullable_models()) {
    if (model.name != "kokoro") continue;
    ASSERT_EQ(model.files.at(1).path, "voices.bin");
    ASSERT_EQ(model.files[1].from.size(), kKokoroVoices.size());
    for (size_t i = 0; i < kKokoroVoices.size(); ++i)
      EXPECT_NE(model.files[1].from[i].find("/" + std::string(kKokoroVoices[i]) + ".bin"), std::string::npos) << "in the order of their names";
    EXPECT_TRUE(std::is_sorted(kKokoroVoices.begin(), kKokoroVoices.end()));
    return;
  }
  FAIL() << "no kokoro";
}

TEST_F(Registry, KnowsEveryModelOnce) {
  const auto models = value_or_throw(known_models(shipped(), pulled()));
  std::vector<std::string> names;
  for (const Model& model : models) names.push_back(model.name);
  EXPECT_EQ(std::vector<std::string>(names.begin(), names.begin() + 4), (std::vector<std::string>{"one", "two", "me--it", "minilm"}));
  EXPECT_EQ(models.size(), 4 + pullable_models().size() - 1) << "minilm is here";
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());

  const Model& one = named(models, "one");
  EXPECT_EQ(one.kind, Model::Kind::shipped);
  EXPECT_EQ(one.place, shipped() / "a/one.safetensors");
  EXPECT_EQ(one.purpose, "draws");
  EXPECT_EQ(one.licence, "MIT");
  EXPECT_EQ(one.bytes, 7);
  EXPECT_EQ(one.files, (std::vector<std::pair<std::string, std::string>>{{"a/one.safetensors", std::string(64, '1')}}));

  const Model& it = named(models, "me--it");
  EXPECT_EQ(it.kind, Model::Kind::pulled);
  EXPECT_EQ(it.place, pulled() / "me--it");
  EXPECT_EQ(it.source, "hf:me/it");
  EXPECT_EQ(it.licence, "apache-2.0");
  EXPECT_GT(it.bytes, 5);
  EXPECT_EQ(it.files, (std::vector<std::pair<std::string, std::string>>{{"m.gguf", std::string(64, '2')}}));

  const Model& minilm = named(models, "minilm");
  EXPECT_EQ(minilm.kind, Model::Kind::pulled);
  EXPECT_FALSE(minilm.purpose.empty());
  EXPECT_GE(minilm.files.size(), 5U);

  const Model& gemma = named(models, "gemma3-270m");
  EXPECT_EQ(gemma.kind, Model::Kind::online);
  EXPECT_TRUE(gemma.place.empty());
  EXPECT_FALSE(gemma.terms.empty());
  EXPECT_FALSE(gemma.source.empty());
  for (const auto& [file, sha256] : gemma.files) EXPECT_EQ(sha256.size(), 64U) << file;
}

TEST_F(Registry, MissingAndBrokenFoldersAreSaid) {
  const auto none = value_or_throw(known_models({}, {}));
  EXPECT_EQ(none.size(), pullable_models().size());
  for (const Model& model : none) EXPECT_EQ(model.kind, Model::Kind::online);
  EXPECT_EQ(known_models(folder_ / "nowhere", {}).error().code, ErrorCode::not_found);
  EXPECT_EQ(value_or_throw(shipped_model(shipped(), "two")).name, "two");
  EXPECT_EQ(shipped_model(shipped(), "three").error().code, ErrorCode::not_found);
  value_or_throw(write_file(shipped() / "index.json", std::string(R"({"models":[{"name":"one"}]})")));
  EXPECT_EQ(known_models(shipped(), {}).error().code, ErrorCode::corrupt);
}

TEST_F(Registry, FindsModelsByNameAndByPath) {
  EXPECT_EQ(value_or_throw(find_model("minilm")), pulled() / "minilm");
  EXPECT_EQ(value_or_throw(find_model("me--it")), pulled() / "me--it");
  EXPECT_EQ(value_or_throw(find_model((pulled() / "me--it" / "m.gguf").string())), pulled() / "me--it" / "m.gguf");
  EXPECT_NE(find_model("smollm2").error().message.find("ptah pull smollm2"), std::string::npos);
  EXPECT_NE(find_model("chat").error().message.find("ptah pull chat"), std::string::npos);
  for (const char* name : {"smollm2", "qwen2.5-coder"}) {  // the better one is preferred once it is here
    fs::create_directories(pulled() / name);
    value_or_throw(write_file(pulled() / name / "model.gguf", std::string("12345")));
    EXPECT_EQ(value_or_throw(find_model("chat")), pulled() / name);
  }
  EXPECT_EQ(name_today("chat"), "qwen2.5-coder");
  const auto misspelt = find_model("minilmm");
  ASSERT_FALSE(misspelt);
  EXPECT_NE(misspelt.error().message.find("did you mean minilm"), std::string::npos) << misspelt.error().message;
  EXPECT_EQ(find_model("").error().code, ErrorCode::not_found);
}

}  // namespace ptah
