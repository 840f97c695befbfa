// The routes of characters and lessons.
#pragma once

#include "serve/api/api_server.h"

namespace ptah {

/// POST /v1/characters/turn and POST /v1/questions.
void add_app_routes(ApiServer& server);

}  // namespace ptah
