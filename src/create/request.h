// What a maker asks for.
#pragma once

#include <string>

#include "base/json.h"

namespace ptah {

inline constexpr const char* kEngineVersion = "0.1.0";

struct CreateRequest {
  std::string prompt;
  uint64_t seed = 0;
  std::string style = "glossy";  ///< one of the model's styles, or "any"
  int64_t size = 256;            ///< edge of the picture in pixels, 128 to 512
  int64_t steps = 24;
  float guidance = 3;
  std::string sampler = "euler";
  std::string background = "transparent";  ///< or "white", "black", "#rrggbb"
  bool object = true;                      ///< make the 3D object too
  std::string solid = "round";             ///< round, flat-back or slab
  int64_t target_triangles = 20000;
  float size_mm = 100;
};

/// Checks every field. Errors: invalid_argument, naming the field, what was found and what is possible.
Result<void> check(const CreateRequest& request);

Json to_json(const CreateRequest& request);
/// The inverse. Errors: corrupt.
Result<CreateRequest> create_request(const Json& json);

}  // namespace ptah
