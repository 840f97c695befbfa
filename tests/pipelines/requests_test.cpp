// Every request comes back from its JSON, its receipt and the command that is printed of it, with every field off its default.
#include <gtest/gtest.h>

#include <fstream>

#include "pipelines/create.h"
#include "pipelines/mesh/convert.h"
#include "pipelines/painting.h"
#include "pipelines/recall/recall.h"
#include "pipelines/schemas.h"
#include "pipelines/shape/shape_work.h"
#include "pipelines/text_work.h"
#include "tests/schema/round_trip.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

/// A request with every field off its default, but for those that another one excludes.
template <class R>
R other(const SchemaOf<R>& schema, const std::vector<std::string>& left_out = {}) {
  Json values = test::other_values(schema);
  for (const SchemaField& field : schema.fields()) EXPECT_NE(values[field.name], field.default_value) << field.name;
  for (const std::string& name : left_out) values.erase(name);
  return value_or_throw(schema.request(values));
}

/// What only a GLB can hold, where another format is asked for.
const std::vector<std::string> kGlbOnly{"lod", "collider"};
/// And what an object of a model is not asked.
const std::vector<std::string> kNotWithAll{"lod", "collider", "solid"};

template <class R>
void expect_round_trip(const SchemaOf<R>& schema, const R& request) {
  const Json values = schema.values(request);
  const Json json = schema.request_json(values);
  const auto read = schema.read(value_or_throw(parse_json(json.dump())));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(schema.values(*read), values);
  test::expect_same_by_command(schema, request, schema.command_of(request));
}

TEST(Requests, ComeBackByJsonAndByTheirCommands) {
  expect_round_trip(create_schema(), other(create_schema(), kGlbOnly));
  expect_round_trip(object_schema(), other(object_schema(), kNotWithAll));
  for (const char* one : {"mask", "extend"}) expect_round_trip(paint_schema(), other(paint_schema(), {one}));
  for (const char* one : {"schema", "grammar"}) expect_round_trip(text_schema(), other(text_schema(), {one}));
  expect_round_trip(upscale_schema(), other(upscale_schema()));
  expect_round_trip(edges_schema(), other(edges_schema()));
  expect_round_trip(convert_schema(), other(convert_schema()));
}

TEST(Requests, WhatOnlyAGlbHoldsComesBackToo) {
  for (const char* one : {"lod", "collider"}) {
    Json values = create_schema().values({});
    values["prompt"] = "a";
    values[one] = test::other_value(*create_schema().find(one));
    expect_round_trip(create_schema(), value_or_throw(create_schema().request(values)));
    values["formats"] = "png,stl";
    EXPECT_EQ(field_of(create_schema().complete(values).error()), one);
  }
  Json shape = test::other_values(shape_schema());
  shape["formats"] = "glb,obj,stl,3mf";
  const ShapeTask task = value_or_throw(shape_schema().request(shape));
  EXPECT_EQ(shape_schema().values(value_or_throw(shape_schema().read(shape_schema().request_json(shape_schema().values(task))))), shape_schema().values(task));
}

/// A receipt in a folder, recalled.
template <class R>
class Recalling {
 public:
  Recalling(const SchemaOf<R>& schema, const std::string& kind)
      : schema_(schema), folder_(fs::temp_directory_path() / fmt::format("ptah-requests-{}", ::getpid())) {
    fs::create_directories(folder_);
    receipt = {{"engine", "ptah"}, {"kind", kind}};
  }
  ~Recalling() { fs::remove_all(folder_); }
  const fs::path& folder() const { return folder_; }
  /// What the recalled command asks for has to be `request`; behind it stands `out`, the file that it writes.
  void expect(const R& request, const std::string& out = "") {
    std::ofstream(folder_ / "receipt.json") << receipt.dump();
    const Json sources = receipt.value("sources", Json::object());
    for (const auto& [name, id] : sources.items()) std::ofstream(folder_ / (name + ".png")) << "x";
    const auto text = recall(folder_);
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(text->find("# not"), std::string::npos) << *text;
    const size_t begin = text->find("ptah ");
    const std::string command = text->substr(begin, text->find('\n', begin) - begin);
    ASSERT_TRUE(command.ends_with(out)) << command;
    test::expect_same_by_command(schema_, request, command.substr(0, command.size() - out.size()));
  }
  Json receipt;

 private:
  const SchemaOf<R>& schema_;
  fs::path folder_;
};

TEST(Requests, RecallKeepsEverythingOfAPicture) {
  Recalling<CreateTask> work(create_schema(), "picture and object");
  for (const bool object : {false, true}) {
    CreateTask task = other(create_schema(), kGlbOnly);
    task.request.object = object;
    task.formats = object ? Formats{.png = true, .glb = false, .obj = true, .ply = true, .stl = true} : Formats{};
    task.model = "own.safetensors";
    task.from = work.folder() / "from.png";
    task.mask = work.folder() / "mask.png";
    work.receipt["request"] = create_schema().to_receipt(task);
    work.receipt["model_file"] = "own.safetensors";
    work.receipt["sources"] = {{"from", "sha256:1"}, {"mask", "sha256:2"}};
    work.receipt["outputs"] = {{"picture.png", "1"}};
    if (object)
      for (const char* file : {"object.obj", "object.ply", "object.stl"}) work.receipt["outputs"][file] = "1";
    work.expect(task);
  }
}

TEST(Requests, RecallKeepsEverythingOfAnObject) {
  Recalling<ObjectTask> work(object_schema(), kObjectKind);
  ObjectTask task = other(object_schema(), kNotWithAll);
  task.picture = work.folder() / "from.png";
  task.model = "own.ckpt";
  work.receipt["model_file"] = "own.ckpt";
  work.receipt["request"] = object_schema().to_receipt(task);
  work.receipt["sources"] = {{"from", "sha256:1"}};
  work.receipt["outputs"] = {{"picture.png", "1"}, {"object.stl", "1"}};
  work.expect(task);
}

TEST(Requests, RecallKeepsEverythingOfAConversion) {
  Recalling<ConvertTask> work(convert_schema(), kConvertKind);
  ConvertTask task = other(convert_schema());
  task.mesh = work.folder() / "source.zip";
  work.receipt["request"] = convert_schema().to_receipt(task);
  std::ofstream(work.folder() / "source.zip") << "x";
  work.expect(task, " object." + task.format);
  fs::remove(task.mesh);
  EXPECT_NE(value_or_throw(recall(work.folder())).find("# not here: "), std::string::npos);
}

TEST(Requests, RecallKeepsEverythingOfAPainting) {
  Recalling<PaintTask> work(paint_schema(), "painting");
  PaintTask task = other(paint_schema(), {"extend", "edges"});  // which are done to the pictures that the work keeps
  task.from = work.folder() / "from.png";
  task.mask = work.folder() / "mask.png";
  task.control_pictures = {work.folder() / "control-1.png", work.folder() / "control-2.png"};
  work.receipt["request"] = paint_schema().to_receipt(task);
  work.receipt["sources"] = {{"from", "1"}, {"mask", "2"}, {"control-1", "3"}, {"control-2", "4"}};
  work.receipt["outputs"] = {{"picture.png", "1"}, {"object.stl", "1"}};
  work.expect(task);
  fs::remove(work.folder() / "mask.png");
  EXPECT_NE(value_or_throw(recall(work.folder())).find("# not told: mask.png"), std::string::npos);
}

TEST(Requests, RecallKeepsEverythingOfAText) {
  Recalling<TextTask> work(text_schema(), "text");
  for (const char* one : {"schema", "grammar"}) {
    const TextTask task = other(text_schema(), {one, "cache", "lookup", "draft", "log_probabilities"});  // which change no byte
    work.receipt["request"] = text_schema().to_receipt(task);
    work.expect(task);
  }
}

/// Receipts as version 0.1 wrote them, before there were the fields that came since.
TEST(Requests, ReceiptsOfEarlierVersionsMeanWhatTheyDid) {
  const CreateRequest picture = value_or_throw(create_request(Json::parse(R"({"prompt": "a", "seed": 5, "style": "flat", "size": 128, "steps": 3,
    "guidance": 2.5, "sampler": "heun", "background": "white", "object": true, "solid": "slab", "target_triangles": 500, "size_mm": 20, "strength": 0.5,
    "best_of": 1})")));
  EXPECT_FALSE(picture.millimetres || picture.watermark || picture.height_mm > 0);
  EXPECT_EQ(picture.size_mm, 20);
  EXPECT_EQ(to_json(picture).size(), 14U) << to_json(picture).dump();
  const ObjectRequest object = value_or_throw(object_request(Json::parse(R"({"solid": "round", "target_triangles": 500, "size_mm": 20})")));
  EXPECT_FALSE(object.millimetres || object.fit > 0);
  EXPECT_EQ(to_json(object).size(), 3U);
  const Json painted = Json::parse(R"({"prompt": "a", "negative": "b", "seed": "18446744073709551615", "steps": 3, "guidance": 2.5, "rescale": 0,
    "sampler": "euler", "schedule": "karras", "width": 64, "height": 72, "clip_skip": 0, "prediction": "", "noise": "philox", "strength": 1, "enlarge": 1,
    "enlarge_strength": 0.5, "tile": 0, "files": {"model": "a.safetensors"}})");
  const PaintTask painting = value_or_throw(painting_task({{"request", painted}}));
  EXPECT_EQ(painting.request.prompt_rules, 1);
  EXPECT_EQ(painting.request.refine_from, 0.8F);
  EXPECT_EQ(painting.request.seed, UINT64_MAX);
  EXPECT_TRUE(painting.finish.cut.empty() && !painting.finish.watermark && painting.files.loras.empty());
  Json again = paint_schema().to_receipt(painting);
  again.erase("object");  // none was made
  EXPECT_EQ(again, painted);
}

TEST(Requests, TheReferenceIsCurrent) {
  EXPECT_EQ(value_or_throw(read_text(fs::path(PTAH_SOURCE_DIR) / "docs" / "requests.md")), reference_page(request_schemas()))
      << "make it again: ptah schema --reference > docs/requests.md";
}

}  // namespace
}  // namespace ptah
