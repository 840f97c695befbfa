// GET /openapi.json: what this server takes and answers, as OpenAPI 3.1.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

namespace ptah {

/// A method and a path with {} for each parameter.
using RouteName = std::pair<std::string, std::string>;

/// Of the routes that there are; the requests of recipes are their schemas. Routes that nothing is said about are left out and come to `untold`.
Json openapi_document(const std::vector<RouteName>& routes, std::vector<RouteName>* untold = nullptr);

}  // namespace ptah
