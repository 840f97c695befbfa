// The routes of OpenAI's interface. Each is a job: it has a place in the queue, and an answer is shared by those who ask for the same.
#pragma once

#include "serve/api/api_server.h"

namespace ptah {

void add_model_routes(ApiServer& server);          ///< GET /v1/models
void add_chat_routes(ApiServer& server);           ///< POST /v1/chat/completions
void add_completion_routes(ApiServer& server);     ///< POST /v1/completions
void add_embedding_routes(ApiServer& server);      ///< POST /v1/embeddings
void add_image_routes(ApiServer& server);          ///< POST /v1/images/generations, edits, variations
void add_response_routes(ApiServer& server);       ///< /v1/responses
void add_speech_routes(ApiServer& server);         ///< POST /v1/audio/speech
void add_transcription_routes(ApiServer& server);  ///< POST /v1/audio/transcriptions

}  // namespace ptah
