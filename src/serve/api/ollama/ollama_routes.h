// The routes that clients of Ollama ask: a translation into chats, completions and embeddings.
#pragma once

#include "serve/api/api_server.h"

namespace ptah {

/// GET /api/version, tags, ps; POST /api/show, chat, generate, embed, embeddings.
void add_ollama_routes(ApiServer& server);

}  // namespace ptah
