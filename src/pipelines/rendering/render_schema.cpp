#include "base/text.h"
#include "pipelines/rendering/render_work.h"
#include "schema/field_error.h"

namespace ptah {

namespace {

struct NamedView {
  const char* name;
  float azimuth, elevation;
};
constexpr std::array<NamedView, 6> kViews{{{"front", 0, 0}, {"back", 180, 0}, {"left", -90, 0}, {"right", 90, 0}, {"top", 0, 90}, {"three-quarter", 30, 20}}};

}  // namespace

template <class T, class Visit>
requires std::same_as<std::remove_const_t<T>, RenderTask>
void fields(T& t, const Visit& visit) {
  visit(Field{.name = "file",
              .help = "a .shape program or the name of one that comes along, a work's folder, or a mesh",
              .unit = "FILE",
              .since = "0.3.0",
              .kept = Kept::elsewhere,
              .positional = true,
              .required = true},
        t.file);
  visit(Field{.name = "set", .help = "another value for a parameter of the program", .unit = "NAME=VALUE", .since = "0.3.0"}, t.set);
  visit(Field{.name = "texture",
              .help = "bake a program's materials (wood, stone …) on an atlas of so many texels on its edge; 0: plain colours",
              .unit = "texels",
              .range = {0, 4096},
              .since = "0.3.0"},
        t.texture);
  visit(Field{.name = "size", .help = "edge of the picture", .unit = "pixels", .range = {16, 4096}, .since = "0.3.0"}, t.size);
  visit(Field{.name = "environment",
              .help = "what lights the scene: studio, city, interior, sunset, or a map (.hdr, .exr)",
              .unit = "NAME|FILE",
              .max_bytes = 4096,
              .since = "0.3.0",
              .one_line = true},
        t.environment);
  visit(Field{.name = "environment_turn", .help = "turns the surroundings about the vertical axis", .unit = "degrees", .range = {-360, 360}, .since = "0.3.0"},
        t.environment_turn);
  visit(Field{.name = "exposure", .help = "1 is twice as bright, -1 half as bright", .unit = "stops", .range = {-10, 10}, .since = "0.3.0"}, t.exposure);
  visit(Field{.name = "view", .help = "from where it is seen", .choices = {"front", "back", "left", "right", "top", "three-quarter"}, .since = "0.3.0"},
        t.view);
  visit(Field{.name = "azimuth", .help = "from where it is seen, from the front to the right", .unit = "degrees", .range = {-360, 360}, .since = "0.3.0"},
        t.azimuth);
  visit(Field{.name = "elevation", .help = "from how far above", .unit = "degrees", .range = {-90, 90}, .since = "0.3.0"}, t.elevation);
  visit(Field{.name = "field_of_view", .help = "how wide the camera sees, vertically", .unit = "degrees", .range = {2, 120}, .since = "0.3.0"},
        t.field_of_view);
  visit(Field{.name = "background",
              .help = "what is behind it: plain, environment, transparent, white, black or #rrggbb",
              .choices = {"plain", "environment", "transparent", "white", "black", "#8090a0"},
              .pattern = "plain|environment|transparent|white|black|#[0-9a-fA-F]{6}",
              .since = "0.3.0"},
        t.background);
  visit(Field{.name = "ground", .help = "draw a shadow on the ground", .flag = "no-ground", .since = "0.3.0"}, t.ground);
  visit(Field{.name = "turntable", .help = "frames of a picture that turns round; 0: none", .unit = "frames", .range = {0, 360}, .since = "0.3.0"},
        t.turntable);
  visit(Field{.name = "frame_rate", .help = "frames a second", .range = {1, 50}, .since = "0.3.0", .needs = "turntable"}, t.frame_rate);
  visit(Field{.name = "format", .help = "of what turns round; mp4 needs ffmpeg", .choices = {"webp", "gif", "mp4"}, .since = "0.3.0", .needs = "turntable"},
        t.format);
  visit(Field{.name = "samples",
              .help = "light paths a pixel, which shows how light really goes; 0: drawn at once, light from all around only",
              .range = {0, 16384},
              .since = "0.3.0"},
        t.samples);
  visit(Field{.name = "seed", .help = "of the light paths", .since = "0.3.0", .needs = "samples"}, t.seed);
  visit(Field{.name = "denoise", .help = "take the noise off, where light paths are followed", .flag = "no-denoise", .since = "0.3.0", .absent = false},
        t.denoise);
}

const SchemaOf<RenderTask>& render_schema() {
  static const auto schema =
      SchemaOf<RenderTask>::describe("render", "A picture of an object, or one that turns round", [](RenderTask& task, const Json& given) -> Result<void> {
        if (task.turntable == 1) return fail_field("turntable", ErrorCode::invalid_argument, "`turntable` 1: 2 to 360 frames are possible, or 0 for none");
        if (task.format == "mp4" && task.turntable > 0 && task.background == "transparent")
          return fail_field("format", ErrorCode::invalid_argument, "`format` mp4 has no transparency; `background` has to be another, or `format` webp or gif");
        for (const NamedView& view : kViews)
          if (task.view == view.name) {
            if (!given.contains("azimuth")) task.azimuth = view.azimuth;
            if (!given.contains("elevation")) task.elevation = view.elevation;
          }
        return {};
      });
  return schema;
}

}  // namespace ptah
