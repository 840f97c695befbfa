// What the fuzz targets of shapes and scenes do with their input; target.cpp hands one of them to libFuzzer.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "input.h"
#include "base/text.h"
#include "geometry/field/formula.h"
#include "media/mesh/gltf_reader.h"
#include "media/mesh/print/print_model.h"
#include "scene/program.h"
#include "scene/words/reader.h"
#include "shape/program/evaluate.h"

using namespace ptah;

/// Programs as text: read back as themselves from text and JSON, and what they make is closed.
void fuzz_shape(Input bytes) {
  const auto program = parse_shape(text_of(bytes));
  if (!program) return;
  const auto again = parse_shape(shape_text(*program));
  if (!again || !(*again == *program)) wrong("another program from its text");
  const auto json = shape_from_json(shape_json(*program));
  if (!json || !(*json == *program)) wrong("another program from its JSON");
  const auto assembly = run_shape(*program);
  if (!assembly) return;
  for (const Part& part : assembly->parts) {
    for (const Vec3& p : part.mesh.positions)
      if (!std::isfinite(p[0] + p[1] + p[2])) wrong("a place that is no number");
    if (const MeshReport report = inspect(triangulated(part.mesh)); !report.closed) wrong("a part that is not closed");
  }
}

/// Programs as JSON.
void fuzz_shape_json(Input bytes) {
  const auto json = parse_json(text_of(bytes));
  if (!json) return;
  const auto program = shape_from_json(*json);
  if (!program) return;
  const auto again = shape_from_json(shape_json(*program));
  if (!again || !(*again == *program)) wrong("another program from its JSON");
  const auto text = parse_shape(shape_text(*program));
  if (!text) wrong("its text cannot be read: " + text.error().message);
  if (!(*text == *program)) wrong("another program from its text");
}

void fuzz_formula(Input bytes) {
  const auto formula = Formula::parse(text_of(bytes));
  if (!formula) return;
  for (const Vec3& at : {Vec3{0, 0, 0}, Vec3{0.5F, -0.25F, 1}, Vec3{-1, 1, -1}}) (void)formula->at(at);
}

void fuzz_palette(Input bytes) {
  const auto palette = parse_palette(text_of(bytes));
  if (!palette) return;
  if (palette->empty() || palette->size() > 256) wrong("a palette of no or of too many colours");
  const auto again = parse_palette(text_of_palette(*palette));
  if (!again || *again != *palette) wrong("another palette from its text");
}

/// The buffer of a glTF mesh that Draco compresses.
void fuzz_draco(Input bytes) {
  static const std::string head =
      R"({"asset":{"version":"2.0"},"extensionsUsed":["KHR_draco_mesh_compression"],"extensionsRequired":["KHR_draco_mesh_compression"],)"
      R"("scene":0,"scenes":[{"nodes":[0]}],"nodes":[{"mesh":0}],"accessors":[{"componentType":5126,"count":3,"type":"VEC3"},{"componentType":5125,"count":3,"type":"SCALAR"}],)"
      R"("meshes":[{"primitives":[{"attributes":{"POSITION":0},"indices":1,"extensions":{"KHR_draco_mesh_compression":{"bufferView":0,"attributes":{"POSITION":0}}}}]}],)";
  const std::string json =
      head + fmt::format(R"("bufferViews":[{{"buffer":0,"byteLength":{0}}}],"buffers":[{{"byteLength":{0},"uri":"a.bin"}}]}})", bytes.size());
  const auto scene = decode_gltf(json, [&](const std::string&) -> Result<Bytes> { return Bytes(bytes.begin(), bytes.end()); });
  if (!scene) return;
  for (const SceneMesh& m : scene->meshes)
    for (const Triangle& t : m.mesh.triangles)
      for (const uint32_t v : t)
        if (v >= m.mesh.positions.size()) wrong("a triangle without its vertex");
}

/// Scene programs as JSON: what is written is read as the same.
void fuzz_scene_json(Input bytes) {
  const auto json = parse_json(text_of(bytes));
  if (!json) return;
  const auto program = scene_from_json(*json);
  if (!program) return;
  const Json written = scene_json(*program);
  const auto again = scene_from_json(written);
  if (!again) wrong(again.error().message);
  if (scene_json(*again) != written) wrong("another scene from its JSON");
}

/// Sentences about scenes, and behind the first 0xFF words that change what was read.
void fuzz_scene_words(Input bytes) {
  static const std::filesystem::path shapes = std::filesystem::path(PTAH_SOURCE_DIR) / "shapes";
  static const std::shared_ptr<const ShapeKinds> kinds = value_or_throw(ShapeKinds::load(shapes));
  static const ScenePlaces places = value_or_throw(ScenePlaces::load(shapes, *kinds));
  static const SceneLexicon lexicon = value_or_throw(SceneLexicon::load(shapes, kinds, places));
  const std::string text(text_of(bytes));
  const size_t half = std::min(text.find('\xff'), text.size());
  auto program = scene_of_words(text.substr(0, half), lexicon, places, {}, 0);
  if (!program) return;
  if (half < text.size()) (void)edit_scene_by_words(*program, text.substr(half + 1), lexicon, places, {});
  const auto again = scene_from_json(scene_json(*program));
  if (!again) wrong(again.error().message);
}
