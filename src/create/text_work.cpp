#include "create/text_work.h"

#include <algorithm>

#include "base/file.h"
#include "base/sha256.h"
#include "weights/pull.h"

namespace ptah {

namespace fs = std::filesystem;

/// What decides the text; for json_of_fields and its inverse.
template <class R, class Visit>
requires std::same_as<std::remove_const_t<R>, TextRequest>
void fields(R& r, const Visit& visit) {
  auto& g = r.generation;
  auto& s = g.sampling;
  visit("prompt", r.prompt);
  visit("model", r.model);
  visit("schema", r.schema);
  visit("grammar", r.grammar);
  visit("control_tokens", r.control_tokens);
  visit("context", r.context);
  visit("cache_type", r.cache_type);
  visit("max_tokens", g.max_tokens);
  visit("stop", g.stop);
  visit("temperature", s.temperature);
  visit("top_k", s.top_k);
  visit("top_p", s.top_p);
  visit("min_p", s.min_p);
  visit("typical_p", s.typical_p);
  visit("repetition_penalty", s.repetition_penalty);
  visit("frequency_penalty", s.frequency_penalty);
  visit("presence_penalty", s.presence_penalty);
  visit("penalty_window", s.penalty_window);
  visit("seed", s.seed);
}

namespace {

constexpr const char* kKind = "text";

}  // namespace

Result<std::shared_ptr<const Grammar>> grammar_of(const TextRequest& request) {
  if (!request.schema.empty() && !request.grammar.empty()) return fail(ErrorCode::invalid_argument, "a schema and a grammar exclude each other");
  if (!request.grammar.empty()) return Grammar::from_gbnf(request.grammar);
  if (request.schema.empty()) return std::shared_ptr<const Grammar>();
  PTAH_TRY_VOID(parse_json(request.schema, 64));
  return Grammar::from_json_schema(OrderedJson::parse(request.schema));
}

Result<TextSetup> set_up(const LoadedLanguageModel& model, const TextRequest& request) {
  TextSetup out{{}, request.generation, default_cache_type(), 0};
  if (!out.generation.grammar) {
    PTAH_TRY(out.generation.grammar, grammar_of(request));
  }
  PTAH_TRY_VOID(check(request.generation.sampling));
  if (!request.generation.sampling.logit_bias.empty()) return fail(ErrorCode::unsupported, "a text's receipt does not hold biases of single tokens");
  if (request.generation.max_tokens < 0) return fail(ErrorCode::invalid_argument, "max-tokens {}", request.generation.max_tokens);
  if (request.context < 0) return fail(ErrorCode::invalid_argument, "context {}", request.context);
  PTAH_TRY(out.cache_type, cache_type_of(request.cache_type));
  out.prompt = model.tokenizer->encode(request.prompt, {.control_tokens = request.control_tokens, .bos_eos = true});
  const auto prompt = static_cast<int64_t>(out.prompt.size());
  const int64_t trained = model.model->config().context;
  out.capacity = std::min(request.context > 0 ? request.context : trained, std::max<int64_t>(prompt + std::min(request.generation.max_tokens, trained), 1));
  if (prompt >= out.capacity) return fail(ErrorCode::invalid_argument, "the prompt has {} tokens; the context holds {}", prompt, out.capacity);
  return out;
}

Result<Json> language_model_digests(const fs::path& path) {
  std::vector<fs::path> files;
  std::error_code problem;
  if (fs::is_regular_file(path, problem)) files.push_back(path);
  for (const auto& item : fs::directory_iterator(path, problem)) {
    const std::string kind = item.path().extension().string();
    const bool read = kind == ".gguf" || kind == ".safetensors" || kind == ".json" || kind == ".jinja";
    if (item.is_regular_file(problem) && read && item.path().filename() != "origin.json") files.push_back(item.path());
  }
  if (files.empty()) return fail(ErrorCode::not_found, "{}: no model there", path.string());
  Json out = Json::object();
  for (const fs::path& file : files) {
    PTAH_TRY(out[file.filename().string()], file_id(file));
  }
  return out;
}

Result<Work> text_work(const TextRequest& request, const fs::path& path, CacheType cache_type, const std::string& text) {
  TextRequest settled = request;
  settled.cache_type = name_of(cache_type);
  PTAH_TRY(const Json digests, language_model_digests(path));
  Json core = begun_receipt(kKind, json_of_fields(settled));
  core["models"] = digests;
  Work work;
  work.files["text.txt"] = Bytes(text.begin(), text.end());
  PTAH_TRY_VOID(seal(work, core));
  return work;
}

bool is_text_receipt(const Json& receipt) { return receipt.value("kind", Json()) == Json(kKind); }

Result<Work> replay_text(const Json& receipt, const CancelToken* cancel) {
  return guard([&]() -> Result<Work> {
    PTAH_TRY(const TextRequest request, fields_from_json<TextRequest>(receipt.at("request"), "request"));
    PTAH_TRY(const fs::path path, find_model(request.model));
    PTAH_TRY(const Json digests, language_model_digests(path));
    if (digests != receipt.value("models", Json()))
      return fail(ErrorCode::mismatch, "the files of the model '{}' are not those the text was made with", request.model);
    PTAH_TRY(const LoadedLanguageModel model, load_language_model(path));
    PTAH_TRY(const TextSetup setup, set_up(model, request));
    KeyValueCache cache(model.model->config(), setup.capacity, setup.cache_type, true);
    const Generated made = generate(model, setup.prompt, cache, setup.generation, {}, cancel);
    return text_work(request, path, setup.cache_type, made.text);
  });
}

}  // namespace ptah
