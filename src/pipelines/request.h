// What a maker asks for.
#pragma once

#include <string>

#include "base/json.h"
#include "pipelines/object.h"
#include "pixels/background.h"

namespace ptah {

struct CreateRequest {
  std::string prompt;
  uint64_t seed = 0;
  std::string style = "glossy";  ///< one of the model's styles, or "any"
  int64_t size = 256;            ///< edge of the picture in pixels, 128 to 512
  int64_t steps = 12;
  float guidance = 3;
  std::string sampler = "euler";
  std::string background = "transparent";  ///< or "white", "black", "#rrggbb"
  bool object = true;                      ///< make the 3D object too
  std::string solid = "round";             ///< round, flat-back or slab
  int64_t target_triangles = 20000;
  float size_mm = 0;           ///< longest edge of the object; 0: its real size where a shape program makes it, else 100
  std::string route = "auto";  ///< what makes the object: "program" (a shape program), "picture" (the picture, inflated), or "auto": a program if one is known
  std::string picture = "auto";  ///< what the picture shows: "object" (a render of it), "drawn", or "auto": the object where a shape program makes it
  int64_t best_of = 0;           ///< how many are drawn, of which the judge keeps the one that fits the words best; 1 to 16, 0: two where there is a judge
  float strength = 0.6F;         ///< with a picture to start from: how much of it is redrawn, above 0 to 1
  float height_mm = 0;           ///< above 0: how high the object stands, instead of size_mm
  bool watermark = false;        ///< an invisible one in the picture (pixels/watermark.h); the object's texture has none
  bool millimetres = false;      ///< OBJ and PLY in millimetres; false: in metres, as earlier works have them
  ExportOptions output = {};     ///< of the files of meshes: those of game_fields()
};

/// Checks every field. Errors: invalid_argument, with the field, what was found and what is possible.
Result<void> check(const CreateRequest& request);
/// What is behind a picture. Errors: invalid_argument.
Result<void> check_background(const std::string& background);

Json to_json(const CreateRequest& request);
/// The inverse. Errors: corrupt.
Result<CreateRequest> create_request(const Json& json);

/// All that can be asked of `create`: the request, the files it reads and those it makes.
struct CreateTask {
  CreateRequest request = {.prompt = {}, .millimetres = true};
  std::filesystem::path model = {}, from = {}, mask = {};
  Formats formats = {};
};
const SchemaOf<CreateTask>& create_schema();
/// What a receipt asks for, with the pictures it started from as they lie in the folder `sources`. Errors: corrupt.
Result<CreateTask> create_task(const Json& receipt, const std::filesystem::path& sources);

}  // namespace ptah
