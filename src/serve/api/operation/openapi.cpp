#include "serve/api/operation/openapi.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"
#include "pipelines/recipes.h"
#include "work/receipt.h"

namespace ptah {

namespace {

/// What is said of a route: the path with the names of its parameters, the schema of its body (one of the components; "form", "bytes", empty: none), and what
/// comes back ("json", "events" or "lines" if a stream is asked for, "bytes", "text", "page").
struct ToldRoute {
  const char *method, *path, *tag, *summary, *body, *answer;
  int status = 200;
  const char* query = "";  ///< names, with a blank between
};

constexpr ToldRoute kToldRoutes[] = {
    {"GET", "/", "page", "The studio's page", "", "page"},
    {"GET", "/studio/style.css", "page", "Its style", "", "text"},
    {"GET", "/studio/studio.js", "page", "Its program", "", "text"},
    {"GET", "/studio/viewer.js", "page", "Its viewer of objects", "", "text"},
    {"GET", "/studio/de.js", "page", "Its texts in German", "", "text"},
    {"GET", "/health", "operation", "The server answers", "", "json"},
    {"GET", "/ready", "operation", "Works can be made", "", "json"},
    {"GET", "/metrics", "operation", "What goes on, for Prometheus", "", "text"},
    {"GET", "/openapi.json", "operation", "This document", "", "json"},
    {"POST", "/v1/jobs", "jobs", "Ask for a work", "JobRequest", "json", 202},
    {"GET", "/v1/jobs", "jobs", "Your jobs, the latest first", "", "json", 200, "limit before"},
    {"GET", "/v1/jobs/{id}", "jobs", "How far a job is, and what came of it", "", "json"},
    {"DELETE", "/v1/jobs/{id}", "jobs", "Cancel a job, or put one that has ended into the bin", "", "json"},
    {"POST", "/v1/jobs/{id}/restore", "jobs", "Take a job out of the bin", "", "json"},
    {"GET", "/v1/bin", "jobs", "What is in the bin", "", "json", 200, "limit before"},
    {"DELETE", "/v1/bin", "jobs", "Empty the bin", "", "json"},
    {"GET", "/v1/jobs/{id}/events", "jobs", "What happens to a job", "", "events", 200, "after"},
    {"GET", "/v1/jobs/{id}/preview", "jobs", "What the picture will be about", "", "bytes"},
    {"GET", "/v1/jobs/{id}/content/{name}", "jobs", "A file of the work", "", "bytes"},
    {"GET", "/v1/events", "jobs", "What happens to all of your jobs", "", "events", 200, "after"},
    {"POST", "/v1/plan", "jobs", "Memory and time of a work", "PlanRequest", "json"},
    {"POST", "/v1/drafts", "studio", "What a work will be about, at once", "DraftRequest", "bytes"},
    {"GET", "/v1/works", "studio", "Works, found by words or meaning", "", "json", 200, "q by kind tag board star limit"},
    {"GET", "/v1/works/{id}", "studio", "A work with its stars, tags and signatures", "", "json"},
    {"PUT", "/v1/works/{id}/marks", "studio", "Star and tags of a work", "MarksRequest", "json"},
    {"POST", "/v1/works/{id}/sign", "studio", "Sign a work with a key of this computer", "SignRequest", "json"},
    {"POST", "/v1/boards", "studio", "Give a board another name, or take it away; its works stay", "BoardRequest", "json"},
    {"POST", "/v1/works/{id}/mint", "studio", "Make a token of a work, or ask a wallet to", "MintRequest", "json"},
    {"GET", "/v1/chain", "studio", "The chain of this server", "", "json"},
    {"POST", "/v1/chain", "studio", "Start or stop the test chain, or let its time go on", "ChainRequest", "json"},
    {"GET", "/v1/tokens", "studio", "Tokens of your works", "", "json"},
    {"POST", "/v1/tokens/check", "studio", "Whether a token says the truth", "TokenRequest", "json"},
    {"POST", "/v1/tokens/transfer", "studio", "Give a token to somebody else", "TransferRequest", "json"},
    {"GET", "/v1/tokens/files/{digest_of_token}/{name}", "studio", "A file of a token that was checked", "", "bytes"},
    {"GET", "/v1/communities", "studio", "Communities", "", "json"},
    {"POST", "/v1/communities", "studio", "Found a community, or take one over that was founded elsewhere", "CommunityRequest", "json", 201},
    {"GET", "/v1/communities/{community}", "studio", "Treasury, proposals, jobs, markets", "", "json", 200, "wallet"},
    {"POST", "/v1/communities/{community}/{action}", "studio", "Do something in a community", "ActionRequest", "json"},
    {"GET", "/v1/articles", "studio", "Articles that pay their readers", "", "json"},
    {"POST", "/v1/articles", "studio", "Publish an article", "ArticleRequest", "json", 201},
    {"POST", "/v1/articles/{article}/open", "studio", "Offer an article to readers", "SignRequest", "json"},
    {"POST", "/v1/articles/{article}/close", "studio", "Offer it no more", "", "json"},
    {"POST", "/v1/articles/{article}/sessions", "studio", "Begin to read", "SignRequest", "json"},
    {"GET", "/v1/articles/{article}/sessions/{session}/sections/{number}", "studio", "A section", "", "json", 200, "token"},
    {"GET", "/v1/articles/{article}/sessions/{session}/quiz", "studio", "The questions", "", "json", 200, "token"},
    {"POST", "/v1/articles/{article}/sessions/{session}/answers", "studio", "Answer them", "AnswersRequest", "json"},
    {"POST", "/v1/articles/{article}/claim", "studio", "Be paid", "SignRequest", "json"},
    {"GET", "/v1/works/{id}/signed/{maker}/{name}", "studio", "A file of a signed work", "", "bytes"},
    {"GET", "/v1/keyring", "studio", "The keys of this computer that sign", "", "json"},
    {"POST", "/v1/keyring", "studio", "Make a key", "KeyRequest", "json", 201},
    {"POST", "/v1/verify", "studio", "What can be said of a file", "bytes", "json", 200, "name"},
    {"GET", "/v1/catalog", "studio", "Models, here and to be had", "", "json"},
    {"POST", "/v1/catalog", "studio", "Fetch a model", "PullRequest", "json", 202},
    {"POST", "/v1/catalog/cancel", "studio", "Stop fetching a model", "PullRequest", "json"},
    {"DELETE", "/v1/catalog/{model}", "studio", "Remove a model that was fetched", "", "json"},
    {"POST", "/v1/feedback", "studio", "Keep what somebody said of an answer", "FeedbackRequest", "json", 201},
    {"GET", "/v1/feedback", "studio", "What was said of answers, as lines of JSON", "", "text", 200, "of"},
    {"POST", "/v1/blobs", "files", "Put a file here, under its digest", "bytes", "json", 201},
    {"PUT", "/v1/blobs/{digest}", "files", "Put a file here", "bytes", "json", 201},
    {"GET", "/v1/blobs/{digest}", "files", "A file that you put here", "", "bytes"},
    {"GET", "/v1/recipes", "jobs", "What can be made", "", "json"},
    {"GET", "/v1/recipes/{kind}", "jobs", "The JSON schema of a kind of request", "", "json"},
    {"GET", "/v1/workers", "operation", "The machines that do the jobs", "", "json"},
    {"GET", "/v1/models", "OpenAI", "The models that are here", "", "json"},
    {"GET", "/v1/models/{model}", "OpenAI", "One of them", "", "json"},
    {"POST", "/v1/chat/completions", "OpenAI", "An answer in a conversation", "ChatRequest", "json"},
    {"POST", "/v1/completions", "OpenAI", "A text that goes on with a prompt", "CompletionRequest", "json"},
    {"POST", "/v1/embeddings", "OpenAI", "Vectors of texts", "EmbeddingRequest", "json"},
    {"POST", "/v1/audio/speech", "OpenAI", "A text said aloud", "SpeechRequest", "bytes"},
    {"POST", "/v1/audio/transcriptions", "OpenAI", "What is said in a sound", "sound form", "bytes"},
    {"POST", "/v1/audio/translations", "OpenAI", "Refused: speech is not translated here", "sound form", "json"},
    {"POST", "/v1/images/generations", "OpenAI", "Pictures of a text", "ImageRequest", "json"},
    {"POST", "/v1/images/edits", "OpenAI", "A picture drawn again, where a mask says so", "form", "json"},
    {"POST", "/v1/images/variations", "OpenAI", "Pictures like a picture", "form", "json"},
    {"POST", "/v1/responses", "OpenAI", "An answer that can be looked up", "ResponseRequest", "json"},
    {"GET", "/v1/responses/{id}", "OpenAI", "A response, or its events", "", "json", 200, "stream starting_after"},
    {"DELETE", "/v1/responses/{id}", "OpenAI", "Forget a response", "", "json"},
    {"POST", "/v1/responses/{id}/cancel", "OpenAI", "Cancel a response", "", "json"},
    {"GET", "/v1/responses/{id}/input_items", "OpenAI", "What a response answers to", "", "json"},
    {"POST", "/v1/characters/turn", "apps", "What a character of a game says and does", "CharacterTurn", "json"},
    {"POST", "/v1/questions", "apps", "Questions for a lesson, made of a text", "QuestionsRequest", "json"},
    {"GET", "/api/version", "Ollama", "The version", "", "json"},
    {"GET", "/api/tags", "Ollama", "The models that are here", "", "json"},
    {"GET", "/api/ps", "Ollama", "Models in memory: none is told", "", "json"},
    {"POST", "/api/show", "Ollama", "About a model", "AnyObject", "json"},
    {"POST", "/api/chat", "Ollama", "An answer in a conversation", "AnyObject", "lines"},
    {"POST", "/api/generate", "Ollama", "An answer to a prompt", "AnyObject", "lines"},
    {"POST", "/api/embed", "Ollama", "Vectors of texts", "AnyObject", "json"},
    {"POST", "/api/embeddings", "Ollama", "The vector of a text", "AnyObject", "json"},
    {"POST", "/sdapi/v1/txt2img", "web UI", "Pictures of a text", "AnyObject", "json"},
    {"POST", "/sdapi/v1/img2img", "web UI", "A picture drawn again", "AnyObject", "json"},
    {"GET", "/sdapi/v1/progress", "web UI", "How far the picture is", "", "json", 200, "skip_current_image"},
    {"POST", "/sdapi/v1/interrupt", "web UI", "Cancel the picture", "", "json"},
    {"POST", "/sdapi/v1/skip", "web UI", "Cancel the picture", "", "json"},
    {"GET", "/sdapi/v1/options", "web UI", "Settings", "", "json"},
    {"POST", "/sdapi/v1/options", "web UI", "Settings: the model", "WebUiSettings", "json"},
    {"GET", "/sdapi/v1/scripts", "web UI", "None", "", "json"},
    {"GET", "/sdapi/v1/cmd-flags", "web UI", "None", "", "json"},
    {"GET", "/sdapi/v1/samplers", "web UI", "How pictures can be drawn from noise", "", "json"},
    {"GET", "/sdapi/v1/schedulers", "web UI", "None", "", "json"},
    {"GET", "/sdapi/v1/sd-models", "web UI", "The models", "", "json"},
    {"GET", "/sdapi/v1/sd-vae", "web UI", "None", "", "json"},
    {"GET", "/sdapi/v1/upscalers", "web UI", "None", "", "json"},
    {"GET", "/sdapi/v1/latent-upscale-modes", "web UI", "None", "", "json"},
    {"GET", "/sdapi/v1/loras", "web UI", "None", "", "json"},
    {"GET", "/sdapi/v1/hypernetworks", "web UI", "None", "", "json"},
    {"GET", "/sdapi/v1/face-restorers", "web UI", "None", "", "json"},
    {"GET", "/sdapi/v1/realesrgan-models", "web UI", "None", "", "json"},
    {"GET", "/sdapi/v1/prompt-styles", "web UI", "None", "", "json"},
    {"GET", "/sdapi/v1/embeddings", "web UI", "None", "", "json"},
};

/// The bodies that are no recipe's. What OpenAI's clients may send besides is taken and has no effect.
constexpr const char* kBodySchemas = R"json({
  "Error": {"type": "object", "required": ["error"], "properties": {"error": {}}},
  "AnyObject": {"type": "object"},
  "WebUiSettings": {"type": "object", "properties": {"sd_model_checkpoint": {"const": "picture"}}, "additionalProperties": false},
  "Webhook": {"type": "object", "required": ["url", "secret"], "properties": {"url": {"type": "string"}, "secret": {"type": "string", "pattern": "^whsec_"}}, "additionalProperties": false},
  "MarksRequest": {"type": "object", "properties": {"star": {"type": ["boolean", "null"]},
    "tags": {"type": ["array", "null"], "maxItems": 32, "items": {"type": "string", "maxLength": 16}},
    "boards": {"type": ["array", "null"], "maxItems": 32, "items": {"type": "string", "maxLength": 16}}}},
  "SignRequest": {"type": "object", "properties": {"key": {"type": "string", "maxLength": 100}, "passphrase": {"type": "string", "maxLength": 200}}},
  "KeyRequest": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "pattern": "^[a-z]{1,20}$"}, "passphrase": {"type": "string", "maxLength": 200}}},
  "PullRequest": {"type": "object", "required": ["source"], "properties": {"source": {"type": "string", "minLength": 1, "maxLength": 100}, "accept_terms": {"type": ["boolean", "null"]}}},
  "Messages": {"type": "array", "minItems": 1, "maxItems": 4096, "items": {"type": "object", "required": ["role", "content"], "properties": {
    "role": {"enum": ["system", "user", "assistant"]}, "content": {"type": "string"}}}},
  "FeedbackRequest": {"oneOf": [
    {"type": "object", "required": ["prompt", "completion", "label"], "properties": {"model": {"type": "string", "maxLength": 50}, "prompt": {"$ref": "#/components/schemas/Messages"},
      "completion": {"$ref": "#/components/schemas/Messages"}, "label": {"type": "boolean"}}, "not": {"required": ["chosen"]}},
    {"type": "object", "required": ["prompt", "chosen", "rejected"], "properties": {"model": {"type": "string", "maxLength": 50}, "prompt": {"$ref": "#/components/schemas/Messages"},
      "chosen": {"$ref": "#/components/schemas/Messages"}, "rejected": {"$ref": "#/components/schemas/Messages"}}, "not": {"required": ["completion"]}}]},
  "Drawing": {"type": "object", "properties": {
    "model": {"type": ["string", "null"]},
    "temperature": {"type": ["number", "null"], "minimum": 0, "maximum": 5},
    "top_p": {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 1},
    "seed": {"type": ["integer", "null"], "minimum": 0, "maximum": 9007199254740992},
    "stop": {"anyOf": [{"type": ["string", "null"]}, {"type": "array", "maxItems": 16, "items": {"type": "string"}}]},
    "stream": {"type": ["boolean", "null"]}}},
  "ChatRequest": {"allOf": [{"$ref": "#/components/schemas/Drawing"}, {"type": "object", "required": ["messages"], "properties": {
    "messages": {"type": "array", "minItems": 1, "maxItems": 4096, "items": {"type": "object", "required": ["role"], "properties": {
      "role": {"enum": ["system", "developer", "user", "assistant", "tool"]}, "content": {"anyOf": [{"type": ["string", "null"]},
        {"type": "array", "items": {"type": "object", "required": ["type", "text"], "properties": {"type": {"const": "text"}, "text": {"type": "string"}}}}]}}}},
    "max_completion_tokens": {"type": ["integer", "null"], "minimum": 1}, "max_tokens": {"type": ["integer", "null"], "minimum": 1},
    "n": {"type": ["integer", "null"], "minimum": 1, "maximum": 8},
    "logprobs": {"type": ["boolean", "null"]}, "top_logprobs": {"type": ["integer", "null"], "minimum": 0, "maximum": 20},
    "logit_bias": {"type": ["object", "null"]}, "tools": {"type": ["array", "null"], "maxItems": 64}, "tool_choice": {},
    "parallel_tool_calls": {"type": ["boolean", "null"]}, "response_format": {"anyOf": [{"type": "null"}, {"type": "object", "required": ["type"], "properties": {"type": {"enum": ["text", "json_object"]}}},
      {"type": "object", "required": ["type", "json_schema"], "properties": {"type": {"const": "json_schema"}, "json_schema": {"type": "object",
       "required": ["schema"], "properties": {"schema": {"type": "object"}}}}}]},
    "stream_options": {"type": ["object", "null"]}}}]},
  "CompletionRequest": {"allOf": [{"$ref": "#/components/schemas/Drawing"}, {"type": "object", "required": ["prompt"], "properties": {
    "prompt": {"anyOf": [{"type": "string", "minLength": 1}, {"type": "array", "minItems": 1, "maxItems": 32, "items": {"type": "string", "minLength": 1}}]},
    "max_tokens": {"type": ["integer", "null"], "minimum": 1}, "n": {"type": ["integer", "null"], "minimum": 1, "maximum": 32},
    "echo": {"type": ["boolean", "null"]}, "logprobs": {"type": ["integer", "null"], "minimum": 0, "maximum": 20}}}]},
  "ResponseRequest": {"allOf": [{"$ref": "#/components/schemas/Drawing"}, {"type": "object", "required": ["input"], "properties": {
    "input": {"anyOf": [{"type": "string"}, {"type": "array", "minItems": 1}]}, "instructions": {"type": ["string", "null"]},
    "max_output_tokens": {"type": ["integer", "null"], "minimum": 1}, "background": {"type": ["boolean", "null"]},
    "previous_response_id": {"type": ["string", "null"]}, "tools": {"type": ["array", "null"], "maxItems": 64}}}]},
  "CharacterTurn": {"type": "object", "required": ["character", "game", "text"], "properties": {
    "character": {"type": "object"}, "game": {"type": "object"}, "memory": {"type": "object"}, "state": {"type": "object"}, "text": {"type": "string"},
    "who": {"type": "string"}, "happens": {"type": "array", "items": {"type": "string"}}, "model": {"type": "string"}, "shortlist": {"type": "integer"},
    "margin": {"type": "number"}, "max_actions": {"type": "integer"}, "max_tokens": {"type": "integer"}, "lines": {"type": "boolean"},
    "temperature": {"type": "number"}, "seed": {"type": "integer"}}},
  "QuestionsRequest": {"type": "object", "required": ["text"], "properties": {
    "text": {"type": "string"}, "count": {"type": "integer"}, "bloom": {"type": "array", "items": {"type": "string"}},
    "level": {"type": "string", "enum": ["easy", "medium", "hard"]}, "seed": {"type": "integer"}}},
  "EmbeddingRequest": {"type": "object", "required": ["input"], "properties": {
    "model": {"type": ["string", "null"]}, "encoding_format": {"enum": ["float", "base64"]}, "dimensions": {"enum": [384, null]},
    "input": {"anyOf": [{"type": "string"}, {"type": "array", "minItems": 1, "maxItems": 2048, "items": {"type": "string"}}]}}},
  "SpeechRequest": {"type": "object", "required": ["input"], "properties": {
    "model": {"enum": ["kokoro", "tts-1", "tts-1-hd", null]}, "input": {"type": "string", "pattern": "\\S"},
    "voice": {"anyOf": [{"type": ["string", "null"]}, {"type": "object", "properties": {"id": {"type": "string"}}}]},
    "response_format": {"enum": ["wav", "pcm", null]}, "stream_format": {"enum": ["audio", "sse", null]},
    "speed": {"type": ["number", "null"], "minimum": 0.5, "maximum": 2}}},
  "ImageRequest": {"type": "object", "required": ["prompt"], "properties": {
    "model": {"type": ["string", "null"]}, "prompt": {"type": "string", "pattern": "\\S", "maxLength": 500}, "n": {"type": ["integer", "null"], "minimum": 1, "maximum": 10},
    "size": {"enum": ["auto", "128x128", "256x256", "384x384", "512x512", null]}, "quality": {"enum": ["low", "medium", "high", "standard", "hd", "auto", null]},
    "background": {"enum": ["transparent", "opaque", "auto", null]}, "output_format": {"enum": ["png", null]},
    "response_format": {"enum": ["b64_json", "url", null]}, "stream": {"type": ["boolean", "null"]},
    "partial_images": {"type": ["integer", "null"], "minimum": 0, "maximum": 3}, "seed": {"type": ["integer", "null"], "minimum": 0}}}
})json";

/// Those of boards, chains, communities and articles.
constexpr const char* kChainSchemas = R"json({
  "BoardRequest": {"type": "object", "required": ["board"], "properties": {"board": {"type": "string", "maxLength": 16}, "name": {"type": "string", "maxLength": 16}}},
  "Wallet": {"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"},
  "MintRequest": {"allOf": [{"$ref": "#/components/schemas/SignRequest"}, {"type": "object", "properties": {
    "wallet": {"$ref": "#/components/schemas/Wallet"}, "minted": {"type": "boolean"}}}]},
  "ChainRequest": {"oneOf": [{"type": "object", "required": ["running"], "properties": {"running": {"type": "boolean"}}, "not": {"required": ["pass"]}},
    {"type": "object", "required": ["pass"], "properties": {"pass": {"type": "integer", "minimum": 0, "maximum": 34560000}}}]},
  "TokenRequest": {"type": "object", "required": ["contract", "token"], "properties": {"contract": {"$ref": "#/components/schemas/Wallet"},
    "token": {"type": "string", "pattern": "^[0-9]{1,77}$"}}},
  "TransferRequest": {"allOf": [{"$ref": "#/components/schemas/SignRequest"}, {"$ref": "#/components/schemas/TokenRequest"},
    {"type": "object", "required": ["to"], "properties": {"to": {"$ref": "#/components/schemas/Wallet"}, "wallet": {"$ref": "#/components/schemas/Wallet"}}}]},
  "CommunityRequest": {"oneOf": [{"type": "object", "required": ["community"], "properties": {"community": {"type": "object"}}},
    {"allOf": [{"$ref": "#/components/schemas/SignRequest"}, {"type": "object", "required": ["name", "symbol", "shares"], "not": {"required": ["community"]}, "properties": {
      "name": {"type": "string", "minLength": 1, "maxLength": 100}, "symbol": {"type": "string", "minLength": 1, "maxLength": 11},
      "shares": {"type": "array", "minItems": 1, "maxItems": 200, "items": {"type": "object", "required": ["who", "amount"], "properties": {
        "who": {"type": "string"}, "amount": {"type": "string"}}}}}}]}]},
  "ActionRequest": {"allOf": [{"$ref": "#/components/schemas/SignRequest"}, {"type": "object", "properties": {"wallet": {"$ref": "#/components/schemas/Wallet"}}}]},
  "ArticleRequest": {"allOf": [{"$ref": "#/components/schemas/SignRequest"}, {"type": "object", "required": ["text", "budget"], "properties": {
    "text": {"type": "string"}, "budget": {"type": "string"}, "reward": {"type": "string"}, "models": {"enum": ["all", "minilm", "none"]}}}]},
  "AnswersRequest": {"type": "object", "required": ["answers"], "properties": {"answers": {"type": "array", "maxItems": 100, "items": {"type": "integer", "minimum": -1, "maximum": 4}}}}
})json";

std::string without_names(std::string_view path) {
  std::string out;
  bool inside = false;
  for (const char c : path) {
    if (c == '}') inside = false;
    if (!inside) out += c;
    if (c == '{') inside = true;
  }
  return out;
}

/// What a parameter in a path or query may be; jobs and responses are both called `id`.
Json parameter_schema(const std::string& name, std::string_view path) {
  if (name == "id") return {{"type", "string"}, {"pattern", path.starts_with("/v1/responses") ? "^resp_[0-9]{1,9}$" : "^job_[0-9]{1,9}$"}};
  if (name == "before") return {{"type", "string"}, {"pattern", "^(|job_[1-9][0-9]{0,8})$"}};
  if (name == "digest") return {{"type", "string"}, {"pattern", "^sha256:[0-9a-f]{64}$"}};
  if (name == "name" || name == "model" || name == "kind") return {{"type", "string"}, {"pattern", "^[A-Za-z0-9_-][A-Za-z0-9._-]{0,79}$"}};
  if (name == "digest_of_token") return {{"type", "string"}, {"pattern", "^[0-9a-f]{32}$"}};
  if (name == "community" || name == "article" || name == "session") return {{"type", "string"}, {"pattern", "^[a-z0-9-]{1,60}$"}};
  if (name == "action") return {{"type", "string"}, {"pattern", "^[a-z]{1,20}$"}};
  if (name == "number") return {{"type", "integer"}, {"minimum", 0}, {"maximum", 1000}};
  if (name == "wallet") return {{"type", "string"}, {"pattern", "^0x[0-9a-fA-F]{40}$"}};
  if (name == "maker") return {{"type", "string"}, {"pattern", "^0x[0-9a-f]{40}$"}};
  if (name == "by") return {{"enum", {"words", "meaning"}}};
  if (name == "of") return {{"enum", {"pairs", "thumbs"}}};
  if (name == "star") return {{"enum", {"true", "false"}}};
  if (name == "q" || name == "tag" || name == "board") return {{"type", "string"}, {"maxLength", 200}};
  if (name == "limit") return {{"type", "integer"}, {"minimum", 1}, {"maximum", 200}};
  if (name == "after" || name == "starting_after") return {{"type", "integer"}, {"minimum", 0}, {"maximum", 1000000000}};
  if (name == "stream") return {{"enum", {"true", "false"}}};
  return {{"type", "string"}};
}

/// An empty text as the default says that a field is not given; its pattern speaks of texts that are.
void drop_empty_defaults(Json& schema) {
  if (schema.is_array())
    for (Json& one : schema) drop_empty_defaults(one);
  if (!schema.is_object()) return;
  if (schema.value("default", Json()) == Json("")) schema.erase("default");
  for (auto& [name, value] : schema.items()) drop_empty_defaults(value);
}

Json component(const std::string& name) { return {{"$ref", "#/components/schemas/" + name}}; }

Json openapi_parameters(const ToldRoute& route) {
  Json out = Json::array();
  const std::string_view path = route.path;
  for (size_t at = path.find('{'); at != std::string_view::npos; at = path.find('{', at + 1))
    out.push_back({{"name", path.substr(at + 1, path.find('}', at) - at - 1)}, {"in", "path"}, {"required", true}});
  for (Json& one : out) one["schema"] = parameter_schema(text_at(one, "name"), path);
  std::string_view query = route.query;
  while (!query.empty()) {
    const size_t end = std::min(query.find(' '), query.size());
    const std::string name(query.substr(0, end));
    out.push_back({{"name", name}, {"in", "query"}, {"schema", parameter_schema(name, path)}});
    query.remove_prefix(std::min(query.size(), end + 1));
  }
  return out;
}

Json openapi_body(std::string_view body) {
  if (body == "bytes") return {{"required", true}, {"content", {{"application/octet-stream", {{"schema", {{"type", "string"}, {"format", "binary"}}}}}}}};
  const Json file{{"type", "string"}, {"format", "binary"}};
  if (body == "sound form") {
    const Json form{{"type", "object"},
                    {"required", Json::array({"file"})},
                    {"properties",
                     {{"file", file},
                      {"model", {{"type", "string"}}},
                      {"language", {{"type", "string"}, {"pattern", "^[a-z]{0,8}$"}}},
                      {"response_format", {{"enum", {"json", "verbose_json", "text", "srt", "vtt"}}}}}}};
    return {{"required", true}, {"content", {{"multipart/form-data", {{"schema", form}}}}}};
  }
  if (body == "form") {
    const Json form{{"type", "object"},
                    {"required", Json::array({"image"})},
                    {"properties", {{"image", file}, {"mask", file}, {"prompt", {{"type", "string"}, {"pattern", "\\S"}}}}}};
    return {{"required", true}, {"content", {{"multipart/form-data", {{"schema", form}}}}}};
  }
  return {{"required", true}, {"content", {{"application/json", {{"schema", component(std::string(body))}}}}}};
}

Json openapi_answer(const ToldRoute& route) {
  const std::string_view answer = route.answer;
  const Json bytes{{"schema", {{"type", "string"}, {"format", "binary"}}}}, any{{"schema", Json::object()}};
  Json content = Json::object();
  if (answer == "json" || answer == "lines") content["application/json"] = any;
  if (answer == "lines") content["application/x-ndjson"] = any;
  if (answer == "events" || std::string_view(route.tag) == "OpenAI") content["text/event-stream"] = any;
  if (answer == "bytes") content["*/*"] = bytes;
  if (answer == "text") content["text/plain"] = any;
  if (answer == "page") content["text/html"] = any;
  return {{"description", route.summary}, {"content", std::move(content)}};
}

Json openapi_operation(const ToldRoute& route) {
  Json out{{"summary", route.summary}, {"tags", Json::array({route.tag})}, {"responses", Json::object()}};
  std::string id = lower_case(route.method);
  for (const char c : std::string_view(route.path)) id += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '_';
  out["operationId"] = id;
  if (Json parameters = openapi_parameters(route); !parameters.empty()) out["parameters"] = std::move(parameters);
  if (*route.body) out["requestBody"] = openapi_body(route.body);
  out["responses"][std::to_string(route.status)] = openapi_answer(route);
  if (route.status == 202)
    out["responses"]["200"] = {{"description", "The work is there already"}, {"content", {{"application/json", {{"schema", Json::object()}}}}}};
  if (std::string_view(route.path) != "/")
    out["responses"]["default"] = {{"description", "What is wrong"}, {"content", {{"application/json", {{"schema", Json::object()}}}}}};
  return out;
}

}  // namespace

Json openapi_document(const std::vector<RouteName>& routes, std::vector<RouteName>* untold) {
  Json schemas = Json::parse(kBodySchemas);
  schemas.update(Json::parse(kChainSchemas));
  Json requests = Json::array(), plans = Json::array(), drafts = Json::array();
  for (const Recipe& recipe : recipes()) {
    Json schema = recipe.schema->json_schema();
    schema.erase("$schema");
    schema.erase("$id");
    drop_empty_defaults(schema);
    schemas["request_" + recipe.name()] = std::move(schema);
    const Json kind{{"const", recipe.name()}}, request = component("request_" + recipe.name());
    requests.push_back(
        {{"type", "object"},
         {"required", Json::array({"kind", "request"})},
         {"properties", {{"kind", kind}, {"request", request}, {"lane", {{"enum", {"interactive", "batch"}}}}, {"webhook", component("Webhook")}}}});
    drafts.push_back({{"type", "object"},
                      {"required", Json::array({"kind", "request", "file"})},
                      {"properties", {{"kind", kind}, {"request", request}, {"file", {{"enum", {"png", "glb"}}}}}}});
    plans.push_back({{"type", "object"}, {"required", Json::array({"kind", "request"})}, {"properties", {{"kind", kind}, {"request", request}}}});
  }
  schemas["JobRequest"] = {{"oneOf", std::move(requests)}};
  schemas["DraftRequest"] = {{"oneOf", std::move(drafts)}};
  schemas["PlanRequest"] = {{"oneOf", std::move(plans)}};
  Json paths = Json::object();
  for (const RouteName& route : routes) {
    const auto told = std::find_if(std::begin(kToldRoutes), std::end(kToldRoutes),
                                   [&](const ToldRoute& one) { return one.method == route.first && without_names(one.path) == route.second; });
    if (told != std::end(kToldRoutes))
      paths[told->path][lower_case(told->method)] = openapi_operation(*told);
    else if (untold)
      untold->push_back(route);
  }
  return {{"openapi", "3.1.0"},
          {"info", {{"title", "Ptah"}, {"version", kEngineVersion}, {"description", "Pictures, objects and texts of words, as jobs."}}},
          {"paths", std::move(paths)},
          {"components",
           {{"schemas", std::move(schemas)}, {"securitySchemes", {{"key", {{"type", "http"}, {"scheme", "bearer"}, {"description", "ptah serve key add"}}}}}}},
          {"security", Json::array({Json::object(), {{"key", Json::array()}}})}};
}

}  // namespace ptah
