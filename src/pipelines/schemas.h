// Every request that can be made.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "schema/schema.h"

namespace ptah {

/// All that can be asked of `upscale`.
struct UpscaleTask {
  std::filesystem::path picture = {}, model = {};
};
const SchemaOf<UpscaleTask>& upscale_schema();

/// All that can be asked of `edges`.
struct EdgesTask {
  std::filesystem::path picture = {};
  int low = 100, high = 200;
};
const SchemaOf<EdgesTask>& edges_schema();

/// Of all requests.
std::vector<const Schema*> request_schemas();
/// By its name. Errors: invalid_argument, with what there is.
Result<const Schema*> request_schema(const std::string& name);

}  // namespace ptah
