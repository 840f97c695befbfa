#include "pipelines/schemas.h"

#include "base/text.h"
#include "pipelines/contract/contract_work.h"
#include "pipelines/field/field_work.h"
#include "pipelines/mesh/convert.h"
#include "pipelines/painting.h"
#include "pipelines/rendering/render_work.h"
#include "pipelines/scene/scene_work.h"
#include "pipelines/shape/shape_work.h"
#include "pipelines/emotion/emotion_work.h"
#include "pipelines/face/photo_work.h"
#include "pipelines/face/talk_work.h"
#include "pipelines/speech/say_work.h"
#include "pipelines/text_work.h"
#include "pipelines/texturing/texture_work.h"

namespace ptah {

namespace {

/// A picture of the maker's, as the last word of a command.
Field picture_field() {
  return {.name = "picture", .help = "PNG, JPEG or WebP", .unit = "FILE", .kept = Kept::elsewhere, .positional = true, .required = true};
}

}  // namespace

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, UpscaleTask>
void fields(C& c, const Visit& visit) {
  visit(picture_field(), c.picture);
  visit(Field{.name = "model",
              .help = "an upscaler of ptah train, or a network of Real-ESRGAN's kinds (.pth, .safetensors); default: the shipped one",
              .kept = Kept::elsewhere},
        c.model);
}

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, EdgesTask>
void fields(C& c, const Visit& visit) {
  visit(picture_field(), c.picture);
  visit(Field{.name = "low", .help = "an edge goes on above this change of colour", .kept = Kept::elsewhere}, c.low);
  visit(Field{.name = "high", .help = "an edge begins above this one", .kept = Kept::elsewhere}, c.high);
}

const SchemaOf<UpscaleTask>& upscale_schema() {
  static const auto schema = SchemaOf<UpscaleTask>::describe("upscale", "Enlarge a picture four times each way, with crisp edges");
  return schema;
}

const SchemaOf<EdgesTask>& edges_schema() {
  static const auto schema = SchemaOf<EdgesTask>::describe("edges", "Find the edges of a picture (Canny), as input for a ControlNet");
  return schema;
}

std::vector<const Schema*> request_schemas() {
  return {&create_schema(), &object_schema(),  &paint_schema(),   &text_schema(),    &upscale_schema(), &edges_schema(),
          &shape_schema(),  &render_schema(),  &convert_schema(), &texture_schema(), &scene_schema(),   &field_schema(),
          &say_schema(),    &emotion_schema(), &face_schema(),    &talk_schema(),    &photo_schema(),   &contract_schema()};
}

Result<const Schema*> request_schema(const std::string& name) {
  std::vector<std::string> known;
  for (const Schema* schema : request_schemas()) {
    if (schema->name() == name) return schema;
    known.push_back(schema->name());
  }
  return unknown_name("request", name, known);
}

}  // namespace ptah
