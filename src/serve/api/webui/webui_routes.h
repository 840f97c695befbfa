// The routes that clients of AUTOMATIC1111's web UI ask: pictures of `create`.
#pragma once

#include "serve/api/api_server.h"

namespace ptah {

/// /sdapi/v1: txt2img, img2img, progress, interrupt, options, and the lists that clients read first.
void add_webui_routes(ApiServer& server);

}  // namespace ptah
