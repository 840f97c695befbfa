// What a maker asks for.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "media/picture.h"

namespace ptah {

inline constexpr const char* kEngineVersion = "0.2.0";

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
  float size_mm = 100;
  int64_t best_of = 0;       ///< how many are drawn, of which the judge keeps the one that fits the words best; 1 to 16, 0: two where there is a judge
  float strength = 0.6F;     ///< with a picture to start from: how much of it is drawn anew, above 0 to 1
  float height_mm = 0;       ///< above 0: how high the object stands, instead of size_mm
  bool watermark = false;    ///< an invisible one in the picture (image/watermark.h); the object's texture has none
  bool millimetres = false;  ///< OBJ and PLY in millimetres; false: in metres, as earlier works have them
};

/// Pictures a work starts from.
struct Sources {
  std::optional<Picture> from;         ///< a drawing, photo or earlier work; an opaque one is cut out of its ground first
  std::optional<Picture> mask;         ///< white (by luminance and alpha) is drawn anew, black stays; as large as `from`
  std::vector<Picture> controls = {};  ///< for networks that control (paint); nothing else takes any
};
/// Errors: invalid_argument for a mask alone or of another size.
Result<void> check(const Sources& sources);

/// Errors: invalid_argument.
Result<void> check_background(const std::string& background);

/// Checks every field. Errors: invalid_argument, naming the field, what was found and what is possible.
Result<void> check(const CreateRequest& request);

Json to_json(const CreateRequest& request);
/// The inverse. Errors: corrupt.
Result<CreateRequest> create_request(const Json& json);

}  // namespace ptah
