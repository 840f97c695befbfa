// Models of some kilobytes, as their makers publish them, in a folder of a test's own: what they make means nothing, but takes milliseconds.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <ctime>

#include "tests/face/small_face_networks.h"
#include "tests/face/small_people.h"
#include "tests/image/diffusion_goldens.h"
#include "tests/voice/small_speech_model.h"
#include "media/glb_scene.h"
#include "media/image.h"
#include "own/consent.h"
#include "pipelines/field/field_views.h"
#include "work/receipt.h"

namespace ptah {

class SmallModels : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    ::setenv("PTAH_CACHE", (folder_ / "cache").c_str(), 1);
    ::setenv("PTAH_CHECKPOINTS", folder_.c_str(), 1);
    ::setenv("PTAH_MODELS", (std::filesystem::path(PTAH_SOURCE_DIR) / "models").c_str(), 1);
    make_checkpoint();
    make_language_model();
    make_small_speech_model(folder_ / "voice");
    make_small_people(folder_ / "people");
    make_small_face_networks(folder_ / "faces");
    value_or_throw(write_file(folder_ / "box.mtl", std::string_view("newmtl red\nKd 1 0 0\n")));
    value_or_throw(write_file(folder_ / "box.obj",
                              std::string_view("mtllib box.mtl\nusemtl red\nv 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n")));
    value_or_throw(write_file(folder_ / "wedge.glb", std::span<const uint8_t>(wedge())));
    value_or_throw(write_file(folder_ / "disc.png", std::span<const uint8_t>(value_or_throw(encode_png(disc())))));
    make_posed_pictures();
    make_consent();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// A red disc on white, 64 pixels an edge.
  static Image disc() {
    Image out = make_image(64, 64);
    for (int64_t y = 0; y < 64; ++y)
      for (int64_t x = 0; x < 64; ++x) {
        const bool inside = (x - 32) * (x - 32) + (y - 32) * (y - 32) < 400;
        const uint8_t colour[]{inside ? uint8_t{200} : uint8_t{255}, inside ? uint8_t{30} : uint8_t{255}, inside ? uint8_t{30} : uint8_t{255}, 255};
        std::copy_n(colour, 4, out.at(x, y));
      }
    return out;
  }

  /// A mesh file without texture coordinates.
  static Bytes wedge() {
    SceneMesh mesh{.path = "wedge", .mesh = {{{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, {}, {{0, 2, 1}, {0, 1, 3}, {0, 3, 2}, {1, 2, 3}}}};
    add_normals(mesh, 30);
    return value_or_throw(encode_glb({.name = "wedge", .materials = {{}}, .meshes = {mesh}}));
  }

  /// A request for every recipe, by its name.
  Json request(const std::string& recipe) const {
    if (recipe == "create") return {{"prompt", "a red fox"}, {"seed", 7}, {"steps", 1}, {"best_of", 1}, {"size", 128}, {"target_triangles", 500}};
    if (recipe == "object") return {{"picture", (folder_ / "disc.png").string()}, {"target_triangles", 500}, {"formats", "png,glb,stl"}};
    if (recipe == "paint")
      return {{"prompt", "a photo"}, {"seed", 3}, {"steps", 2}, {"width", 64}, {"height", 64}, {"files", {{"model", (folder_ / "tiny").string()}}}};
    if (recipe == "generate") return {{"prompt", "fox"}, {"model", (folder_ / "words").string()}, {"seed", 5}, {"max_tokens", 12}};
    if (recipe == "upscale") return {{"picture", (folder_ / "disc.png").string()}};
    if (recipe == "shape") return {{"program", "shape post\npart post = cylinder(r = 0.1, h = 1, n = 12)\n"}, {"size", 64}, {"formats", "png,glb,stl"}};
    if (recipe == "convert") return {{"mesh", (folder_ / "box.obj").string()}, {"format", "stl"}, {"unit", "mm"}};
    if (recipe == "texture") return {{"mesh", (folder_ / "wedge.glb").string()}, {"material", "rusty bronze"}, {"texels", 64}};
    if (recipe == "field") return {{"folder", (folder_ / "posed").string()}, {"steps", 12}, {"resolution", 32}, {"held_out", 1}};
    if (recipe == "render") return {{"file", (folder_ / "wedge.glb").string()}, {"size", 64}, {"samples", 2}, {"seed", 1}};
    if (recipe == "contract") return {{"text", "crowdfund 3 ETH in ten days"}};
    if (recipe == "scene") return {{"prompt", "a table with a lamp on it"}, {"seed", 1}, {"size", 64}};
    if (recipe == "say") return {{"text", "Hello, world. A fox!"}, {"model", (folder_ / "voice").string()}, {"captions", true}};
    if (recipe == "face") return {{"text", "an old woman, smiling"}, {"seed", 3}, {"size", 64}, {"texture", 256}, {"model", (folder_ / "people").string()}};
    if (recipe == "talk")
      return {{"text", "Papa."},
              {"person", "a young man"},
              {"seed", 3},
              {"size", 64},
              {"frame_rate", 4},
              {"voice_model", (folder_ / "voice").string()},
              {"model", (folder_ / "people").string()}};
    if (recipe == "photo")
      return {{"picture", (folder_ / "disc.png").string()},
              {"consents", {(folder_ / "consent.json").string()}},
              {"smile", 0.5},
              {"model", (folder_ / "faces").string()}};
    if (recipe == "emotion") return {{"text", "What a good day!"}};
    ADD_FAILURE() << "no request for " << recipe;
    return {};
  }

  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / fmt::format("ptah-small-{}", ::getpid());

 private:
  /// Whoever is in disc.png agrees.
  void make_consent() const {
    ::setenv("PTAH_REVOCATIONS", (folder_ / "revocations").c_str(), 1);
    const int64_t now = std::time(nullptr);
    const Json consent = value_or_throw(
        signed_consent({.person = "Ann", .pictures = {pixel_id(disc())}, .uses = {"expression"}, .from = now - 1000, .until = now + 86400}, Key::generate()));
    value_or_throw(write_file(folder_ / "consent.json", std::string_view(consent.dump())));
  }
  /// A wedge from six sides, with transforms.json.
  void make_posed_pictures() const {
    const auto views = value_or_throw(field_views({.object = folder_ / "wedge.glb", .views = 5, .held_out = 1, .size = 32}));
    for (const auto& [name, bytes] : views) {
      std::filesystem::create_directories((folder_ / "posed" / name).parent_path());
      value_or_throw(write_file(folder_ / "posed" / name, std::span<const uint8_t>(bytes)));
    }
  }
  void weights(const std::string& part, NamedTensors tensors) const {
    std::filesystem::create_directories((folder_ / part).parent_path());
    TensorFile out;
    out.tensors = std::move(tensors);
    value_or_throw(write_safetensors(folder_ / part, out));
  }
  void text(const std::filesystem::path& file, const std::string& content) const {
    std::filesystem::create_directories(file.parent_path());
    value_or_throw(write_file(file, std::string_view(content)));
  }
  /// A folder in diffusers' layout.
  void make_checkpoint() const {
    const Json item = golden_json("configs")["plain"];
    weights("tiny/unet/diffusion_pytorch_model.safetensors", model_of(golden("unet_1")));
    weights("tiny/vae/diffusion_pytorch_model.safetensors", model_of(golden("autoencoder")));
    NamedTensors encoder = golden("clip_l");
    for (const char* key : {"ids", "last", "before_last", "pooled"}) encoder.erase(key);
    weights("tiny/text_encoder/model.safetensors", encoder);
    for (const auto& [name, content] : item["files"].items()) text(folder_ / "tiny" / name, content.get<std::string>());
    text(folder_ / "cache" / "models" / "clip-words" / "bpe_simple_vocab_16e6.txt.gz", golden_json("words")["merges"].get<std::string>());
  }
  /// A folder in Hugging Face's layout whose tokens are single letters.
  void make_language_model() const {
    const auto from = std::filesystem::path(PTAH_SOURCE_DIR) / "tests" / "golden" / "language" / "llama";
    for (const char* name : {"config.json", "model.safetensors"}) {
      std::filesystem::create_directories(folder_ / "words");
      std::filesystem::copy(from / name, folder_ / "words" / name);
    }
    Json vocabulary = Json::object();
    for (int i = 0; i < 94; ++i) vocabulary[std::string(1, static_cast<char>('!' + i))] = i;
    const Json tokenizer{{"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", Json::array()}}},
                         {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}}},
                         {"decoder", {{"type", "ByteLevel"}}},
                         {"added_tokens", Json::array()}};
    text(folder_ / "words" / "tokenizer.json", tokenizer.dump());
  }
};

}  // namespace ptah
