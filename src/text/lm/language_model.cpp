#include "text/lm/language_model.h"

#include <algorithm>

#include "base/file.h"
#include "base/parallel.h"
#include "base/sha256.h"
#include "base/text.h"
#include "text/lm/fast_decoder.h"

namespace ptah {

namespace {

/// Up to this many new tokens, matrices are read as they lie; beyond, they are dequantised and multiplied densely.
constexpr int64_t kFew = 12;

}  // namespace

struct LanguageModel::State {
  int64_t bytes;
  Weights weights;
  Decoder decoder;
  FastDecoder fast;

  explicit State(LanguageWeights of) : bytes(of.file_bytes), weights(std::move(of.tensors)), decoder(weights, of.config), fast(decoder) {}

  std::vector<float> logits(const Tensor& states, int64_t first, int64_t count) const {
    std::vector<float> out(static_cast<size_t>(count * decoder.config.vocabulary));
    fast.logits(DryRun::active() ? nullptr : states.data<float>() + first * decoder.config.width, count, out.data());
    return out;
  }

  void check_tokens(const std::vector<int32_t>& tokens) const {
    for (const int32_t token : tokens)
      if (token < 0 || token >= decoder.config.vocabulary)
        throw Failure({ErrorCode::invalid_argument, fmt::format("language model: token {} of a vocabulary of {}", token, decoder.config.vocabulary)});
  }
};

LanguageModel::LanguageModel(LanguageWeights weights) : state_(std::make_unique<State>(std::move(weights))) {}
LanguageModel::~LanguageModel() = default;
const LanguageConfig& LanguageModel::config() const { return state_->decoder.config; }
const Decoder& LanguageModel::decoder() const { return state_->decoder; }
Decoder& LanguageModel::decoder() { return state_->decoder; }
int64_t LanguageModel::weight_bytes() const { return state_->bytes; }

std::string LanguageModel::fingerprint() const {
  const LanguageConfig& c = config();
  std::string text = fmt::format("{} {} {} {} {} {} {} {} {} {} {} {}", c.family, c.vocabulary, c.width, c.layers, c.heads, c.kv_heads, c.head_dim,
                                 c.feed_forward, c.context, c.window, c.rope_base, c.rope_scale);
  const auto add = [&](const Tensor& m) {
    if (m.defined()) text.append(static_cast<const char*>(m.raw()), std::min<size_t>(4096, m.bytes()));
  };
  const Decoder& net = state_->decoder;
  add(net.embedding);
  add(net.output.weight);
  for (const TransformerBlock& block : net.blocks) {
    const Attention& a = block.attention;
    const FeedForward& f = block.feed_forward;
    for (const Linear* layer : {&a.query, &a.key, &a.value, &a.joined, &a.out, &f.gate, &f.up, &f.down}) {
      add(layer->weight);
      if (layer->adapter) add(layer->adapter->down), add(layer->adapter->up);
    }
  }
  return sha256_hex({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

std::vector<float> LanguageModel::read(const std::vector<int32_t>& tokens, KeyValueCache& cache, bool all_logits, const CancelToken* cancel) const {
  const auto count = static_cast<int64_t>(tokens.size());
  state_->check_tokens(tokens);
  if (count == 0) throw Failure({ErrorCode::invalid_argument, "language model: no tokens to read"});
  if (cache.length() + count > cache.capacity())
    throw Failure({ErrorCode::invalid_argument, fmt::format("language model: {} tokens after {} do not fit into {}", count, cache.length(), cache.capacity())});
  if (config().learned_positions && cache.length() + count > config().context)
    throw Failure({ErrorCode::invalid_argument, fmt::format("language model: {} tokens; it has {} positions", cache.length() + count, config().context)});
  std::vector<float> out;
  for (int64_t at = 0; at < count;) {
    if (cancel && cancel->cancelled()) throw Failure({ErrorCode::cancelled, "cancelled"});
    const int64_t position = cache.length(), n = std::min(count - at, kChunk - position % kChunk);
    std::vector<FastDecoder::Row> rows;
    for (int64_t i = 0; i < n; ++i) rows.push_back({&cache, position + i});
    const std::vector<int32_t> part(tokens.begin() + at, tokens.begin() + at + n);
    cache.prepare(n);
    const Tensor states = state_->fast.states(part, rows, n > kFew);
    cache.advance(n);
    at += n;
    if (all_logits) {
      const auto more = state_->logits(states, 0, n);
      out.insert(out.end(), more.begin(), more.end());
    } else if (at == count) {
      out = state_->logits(states, n - 1, 1);
    }
  }
  return out;
}

std::vector<float> LanguageModel::step(const std::vector<int32_t>& tokens, const std::vector<KeyValueCache*>& caches) const {
  PTAH_CHECK(tokens.size() == caches.size() && !tokens.empty(), "{} tokens for {} caches", tokens.size(), caches.size());
  state_->check_tokens(tokens);
  std::vector<FastDecoder::Row> rows;
  for (KeyValueCache* cache : caches) {
    if (cache->length() >= std::min(cache->capacity(), config().learned_positions ? config().context : cache->capacity()))
      throw Failure({ErrorCode::invalid_argument, fmt::format("language model: the cache of {} tokens is full", cache->capacity())});
    rows.push_back({cache, cache->length()});
  }
  for (KeyValueCache* cache : caches) cache->prepare(1);
  const Tensor states = state_->fast.states(tokens, rows, false);
  for (KeyValueCache* cache : caches) cache->advance(1);
  return state_->logits(states, 0, static_cast<int64_t>(tokens.size()));
}

namespace {

void add_stop_tokens(LoadedLanguageModel& model) {
  const auto add = [&](int32_t id) {
    if (id >= 0 && std::find(model.stop_tokens.begin(), model.stop_tokens.end(), id) == model.stop_tokens.end()) model.stop_tokens.push_back(id);
  };
  add(model.tokenizer->parts().eos);
  for (const int32_t id : model.model->config().stop_tokens) add(id);
  for (const char* name : {"<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|endoftext|>"}) add(model.tokenizer->id_of(name));
}

Result<LoadedLanguageModel> load_gguf(const std::filesystem::path& file) {
  PTAH_TRY(const GgufFile gguf, read_gguf(file));
  LoadedLanguageModel out;
  PTAH_TRY(LanguageWeights weights, language_weights(gguf));
  out.warnings = std::move(weights.warnings);
  PTAH_TRY(out.tokenizer, Tokenizer::from_gguf(gguf));
  out.model = std::make_shared<LanguageModel>(std::move(weights));
  if (out.tokenizer->size() != out.model->config().vocabulary)
    return fail(ErrorCode::mismatch, "{} tokens, but embeddings for {}", out.tokenizer->size(), out.model->config().vocabulary);
  out.chat_template = gguf.get<std::string>("tokenizer.chat_template", "");
  out.name = gguf.get<std::string>("general.name", file.stem().string());
  add_stop_tokens(out);
  return out;
}

/// A special token in tokenizer_config.json: its text, or an object that holds it.
std::string token_text(const Json& config, const char* key) {
  const Json value = config.value(key, Json());
  if (value.is_string()) return value.get<std::string>();
  return value.is_object() ? value.value("content", "") : "";
}

/// Hugging Face's layout: config.json, tokenizer.json, tokenizer_config.json (may be missing) and weights.
Result<LoadedLanguageModel> load_folder(const std::filesystem::path& folder) {
  LoadedLanguageModel out;
  PTAH_TRY(LoadedTokenizer tokenizer, load_folder_tokenizer(folder));
  out.tokenizer = std::move(tokenizer.tokenizer);
  out.chat_template = std::move(tokenizer.chat_template);
  PTAH_TRY(LanguageWeights weights, language_weights(folder));
  out.warnings.insert(out.warnings.end(), weights.warnings.begin(), weights.warnings.end());
  out.model = std::make_shared<LanguageModel>(std::move(weights));
  if (out.tokenizer->size() > out.model->config().vocabulary)
    return fail(ErrorCode::mismatch, "{} tokens, but embeddings for {}", out.tokenizer->size(), out.model->config().vocabulary);
  out.name = std::filesystem::absolute(folder).filename().string();
  add_stop_tokens(out);
  return out;
}

}  // namespace

Result<LoadedTokenizer> load_folder_tokenizer(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  LoadedTokenizer out;
  const auto json_at = [&](const char* name) -> Result<Json> {
    PTAH_TRY(const std::string text, read_text(folder / name, size_t{1} << 27));
    auto json = parse_json(text, 64);
    if (!json) return fail(json.error().code, "{}: {}", name, json.error().message);
    return json;
  };
  PTAH_TRY(const Json tokenizer, json_at("tokenizer.json"));
  PTAH_TRY(const auto plain, Tokenizer::from_json(tokenizer));
  TokenizerParts parts = plain->parts();
  if (fs::exists(folder / "tokenizer_config.json")) {
    PTAH_TRY(const Json config, json_at("tokenizer_config.json"));
    if (const int32_t eos = plain->id_of(token_text(config, "eos_token")); eos >= 0) parts.eos = eos;
    if (const int32_t bos = plain->id_of(token_text(config, "bos_token")); bos >= 0) parts.bos = bos;
    if (config.value("chat_template", Json()).is_string()) out.chat_template = config["chat_template"].get<std::string>();
  }
  if (fs::exists(folder / "chat_template.jinja")) {
    PTAH_TRY(out.chat_template, read_text(folder / "chat_template.jinja", 1 << 20));
  }
  PTAH_TRY(out.tokenizer, Tokenizer::make(std::move(parts)));
  return out;
}

namespace {

bool is_sentence_encoder(const std::filesystem::path& folder) {
  const auto text = read_text(folder / "config.json", 1 << 20);
  const auto config = text ? parse_json(*text) : fail(ErrorCode::not_found, "none");
  const std::string kind = config ? text_at(*config, "model_type") : "";
  return kind == "bert" || kind == "roberta" || kind == "distilbert" || kind == "mpnet" || kind == "xlm-roberta";
}

}  // namespace

Result<std::filesystem::path> language_model_file(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (!fs::is_directory(path, ignored) || fs::exists(path / "config.json", ignored)) return path;
  std::vector<fs::path> found;
  for (const auto& item : fs::directory_iterator(path, ignored))
    if (lower_case(item.path().extension().string()) == ".gguf") found.push_back(item.path());
  if (found.empty()) return fail(ErrorCode::not_found, "{}: neither a GGUF file nor config.json there", path.string());
  return *std::min_element(found.begin(), found.end());
}

Result<LoadedLanguageModel> load_language_model(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  PTAH_TRY(const fs::path file, language_model_file(path));
  if (is_sentence_encoder(file))
    return fail(ErrorCode::unsupported,
                "{} is a sentence encoder: it turns texts into vectors (ptah embed, ptah similar) and writes none. To chat or generate, take a language model, "
                "e.g. smollm2 (ptah pull smollm2)",
                path.string());
  auto loaded = guard([&] { return fs::is_directory(file) ? load_folder(file) : load_gguf(file); });
  if (!loaded && loaded.error().message.find(file.string()) == std::string::npos)
    return fail(loaded.error().code, "{}: {}", file.string(), loaded.error().message);
  return loaded;
}

}  // namespace ptah
