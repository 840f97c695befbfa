#include "pipelines/text_work.h"

#include <algorithm>

#include "base/file.h"
#include "base/sha256.h"
#include "pipelines/language_plan.h"
#include "models/registry.h"
#include "text/lm/adapter_files.h"
#include "text/lm/sampling_fields.h"

namespace ptah {

namespace fs = std::filesystem;

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, TextTask>
void fields(C& c, const Visit& visit) {
  auto& r = c.request;
  auto& g = r.generation;
  visit(Field{.name = "prompt", .help = "the text to go on with", .positional = true}, r.prompt);
  visit(Field{.name = "model", .help = "name of a pulled model, a GGUF file or a folder with one", .unit = "MODEL", .always = true}, r.model);
  visit(Field{.name = "adapter",
              .help = "a folder with an adapter of the model (ptah train language, preference; or PEFT's)",
              .unit = "FOLDER",
              .since = "0.3.0",
              .absent = ""},
        r.adapter);
  visit(Field{.name = "control_tokens", .help = "names of control tokens in the text become those tokens"}, r.control_tokens);
  visit(Field{.name = "max_tokens", .help = "at most so many new tokens", .unit = "tokens", .range = {.min = 0}, .always = true}, g.max_tokens);
  visit(Field{.name = "context", .help = "how much to remember; 0: what the model was trained for", .unit = "tokens", .range = {.min = 0}}, r.context);
  fields(g.sampling, visit);
  visit(Field{.name = "stop", .help = "a text that ends the answer; may be given several times"}, g.stop);
  visit(Field{.name = "schema", .help = "a JSON schema: the answer is JSON that satisfies it", .text_of_file = true}, r.schema);
  visit(Field{.name = "grammar", .help = "a GBNF grammar: the answer matches it", .text_of_file = true}, r.grammar);
  visit(Field{.name = "cache_type",
              .help = "what keys and values are kept in; q8 takes half the memory of bf16; default: what the machine computes in",
              .choices = {"f32", "bf16", "q8"}},
        r.cache_type);
  visit(Field{.name = "cache",
              .help = "a file that keeps what was read of the prompt: the next prompt that begins alike is read from there",
              .kept = Kept::nowhere},
        c.cache);
  visit(Field{.name = "lookup", .help = "tokens guessed ahead where the text repeats itself", .range = {0, 11}, .kept = Kept::nowhere}, g.lookup);
  visit(Field{.name = "draft",
              .help = "a smaller model with the same tokens that makes the guesses (4 at once, or `lookup`)",
              .unit = "MODEL",
              .kept = Kept::nowhere},
        c.draft);
  visit(Field{.name = "log_probabilities", .help = "of each token, in JSON", .kept = Kept::nowhere}, g.log_probabilities);
}

const SchemaOf<TextTask>& text_schema() {
  static const auto schema = SchemaOf<TextTask>::describe("generate", "Continue a text", [](TextTask& task, const Json&) -> Result<void> {
    if (task.request.schema.empty() || task.request.grammar.empty()) return {};
    return fail_field("schema", ErrorCode::invalid_argument, "`schema` and `grammar` exclude each other");
  });
  return schema;
}

Result<TextRequest> text_request(const Json& json) {
  PTAH_TRY(TextTask task, text_schema().from_receipt(json));
  return task.request;
}

Result<std::shared_ptr<const Grammar>> grammar_of(const TextRequest& request) {
  if (!request.schema.empty() && !request.grammar.empty())
    return fail_field("schema", ErrorCode::invalid_argument, "`schema` and `grammar` exclude each other");
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
  PTAH_TRY_VOID(text_schema().check_fields({.request = request}));
  if (!request.generation.sampling.logit_bias.empty()) return fail(ErrorCode::unsupported, "a text's receipt does not hold biases of single tokens");
  PTAH_TRY(out.cache_type, cache_type_of(request.cache_type));
  out.prompt = model.tokenizer->encode(request.prompt, {.control_tokens = request.control_tokens, .bos_eos = true});
  const auto prompt = static_cast<int64_t>(out.prompt.size());
  const int64_t trained = model.model->config().context;
  out.capacity = std::min(request.context > 0 ? request.context : trained, std::max<int64_t>(prompt + std::min(request.generation.max_tokens, trained), 1));
  if (prompt >= out.capacity) return fail(ErrorCode::invalid_argument, "the prompt has {} tokens; the context holds {}", prompt, out.capacity);
  return out;
}

Result<Plan> plan_text(const LoadedLanguageModel& model, const TextRequest& request) {
  PTAH_TRY(const TextSetup setup, set_up(model, request));
  const auto prompt = static_cast<int64_t>(setup.prompt.size());
  const int64_t answer = std::min(request.generation.max_tokens, setup.capacity - prompt);
  PTAH_TRY(const LanguagePlan plan, plan_language(model, prompt, answer, setup.cache_type));
  return plan.plan;
}

Result<Json> language_model_digests(const fs::path& path, const fs::path& adapter) {
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
  for (const fs::path& file : adapter.empty() ? std::vector<fs::path>() : adapter_files(adapter)) {
    PTAH_TRY(out["adapter/" + file.filename().string()], file_id(file));
  }
  return out;
}

Result<Work> text_work(const TextRequest& request, const Json& digests, CacheType cache_type, const std::string& text) {
  TextRequest settled = request;
  settled.cache_type = name_of(cache_type);
  Json core = begun_receipt(kTextKind, text_schema().to_receipt({.request = settled}));
  core["models"] = digests;
  Work work;
  work.files["text.txt"] = Bytes(text.begin(), text.end());
  PTAH_TRY_VOID(seal(work, core));
  return work;
}

bool is_text_receipt(const Json& receipt) { return receipt.value("kind", Json()) == Json(kTextKind); }

Result<Work> replay_text(const Json& receipt, const CancelToken* cancel) {
  return guard([&]() -> Result<Work> {
    PTAH_TRY(const TextRequest request, text_request(receipt.at("request")));
    PTAH_TRY(const fs::path path, find_model(request.model));
    PTAH_TRY(const Json digests, language_model_digests(path, request.adapter));
    if (digests != receipt.value("models", Json()))
      return fail(ErrorCode::mismatch, "the files of the model '{}' are not those the text was made with", request.model);
    PTAH_TRY(LoadedLanguageModel model, load_language_model(path));
    if (!request.adapter.empty()) PTAH_TRY_VOID(apply_adapter(model, request.adapter));
    PTAH_TRY(const TextSetup setup, set_up(model, request));
    KeyValueCache cache(model.model->config(), setup.capacity, setup.cache_type, true);
    const Generated made = generate(model, setup.prompt, cache, setup.generation, {}, cancel);
    return text_work(request, digests, setup.cache_type, made.text);
  });
}

}  // namespace ptah
