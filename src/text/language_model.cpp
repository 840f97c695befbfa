#include "text/language_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "base/file.h"
#include "base/parallel.h"
#include "base/sha256.h"
#include "base/text.h"
#include "tensor/decoder_ops.h"
#include "tensor/ops.h"

namespace ptah {

namespace {

/// Up to this many new tokens, matrices are read as they lie; beyond, they are widened and multiplied densely.
constexpr int64_t kFew = 12;

struct Projection {
  BlockMatrix weight;
  std::vector<float> bias;
};
struct Norm {
  std::vector<float> weight, bias;
};
struct Layer {
  Norm attention_norm, feed_forward_norm, after_attention, after_feed_forward, query_norm, key_norm;
  Projection query, key, value, qkv, out, gate, up, down;
};

/// Hands out matrices by name and checks their shapes.
class Binder {
 public:
  explicit Binder(const std::map<std::string, BlockMatrix>& matrices) : matrices_(matrices) {}
  bool has(const std::string& name) const { return matrices_.contains(name); }
  BlockMatrix matrix(const std::string& name, int64_t rows, int64_t columns) const {
    const auto found = matrices_.find(name);
    if (found == matrices_.end()) {
      std::vector<std::string> names;
      for (const auto& [known, m] : matrices_) names.push_back(known);
      throw Failure({ErrorCode::corrupt, fmt::format("language model: no tensor '{}'; nearest: '{}'", name, nearest(name, names))});
    }
    const BlockMatrix& m = found->second;
    if (m.rows != rows || m.columns != columns)
      throw Failure(
          {ErrorCode::mismatch, fmt::format("language model: tensor '{}' is [{}, {}]; the config says [{}, {}]", name, m.rows, m.columns, rows, columns)});
    if (wants_rounded(m.type) && columns % 32)
      throw Failure({ErrorCode::unsupported, fmt::format("language model: tensor '{}' of type {} has rows of {}", name, layout_of(m.type).name, columns)});
    return m;
  }
  std::vector<float> vector(const std::string& name, int64_t size) const {
    const BlockMatrix m = matrix(name, 1, size);
    std::vector<float> out(static_cast<size_t>(size));
    dequantize(m.type, m.data, size, out.data());
    return out;
  }
  Norm norm(const std::string& name, int64_t size, bool with_bias) const {
    return {vector(name + ".weight", size), with_bias ? vector(name + ".bias", size) : std::vector<float>()};
  }
  Norm norm_if_there(const std::string& name, int64_t size) const { return has(name + ".weight") ? norm(name, size, false) : Norm(); }
  Projection projection(const std::string& name, int64_t rows, int64_t columns) const {
    return {matrix(name + ".weight", rows, columns), has(name + ".bias") ? vector(name + ".bias", rows) : std::vector<float>()};
  }

 private:
  const std::map<std::string, BlockMatrix>& matrices_;
};

}  // namespace

struct LanguageModel::State {
  LanguageConfig config;
  int64_t bytes = 0;
  BlockMatrix embedding, positions, output;
  Norm final_norm;
  std::vector<Layer> layers;

  explicit State(LanguageWeights weights) : config(std::move(weights.config)), bytes(weights.file_bytes) {
    const LanguageConfig& c = config;
    const Binder from(weights.matrices);
    embedding = from.matrix("token_embd.weight", c.vocabulary, c.width);
    output = from.has("output.weight") ? from.matrix("output.weight", c.vocabulary, c.width) : embedding;
    if (c.learned_positions) positions = from.matrix("position_embd.weight", c.context, c.width);
    final_norm = from.norm("output_norm", c.width, c.layer_norm);
    const int64_t queries = c.heads * c.head_dim, keys = c.kv_heads * c.head_dim;
    for (int64_t i = 0; i < c.layers; ++i) {
      const std::string at = fmt::format("blk.{}.", i);
      Layer layer;
      layer.attention_norm = from.norm(at + "attn_norm", c.width, c.layer_norm);
      layer.feed_forward_norm = from.norm(at + "ffn_norm", c.width, c.layer_norm);
      layer.after_attention = from.norm_if_there(at + "post_attention_norm", c.width);
      layer.after_feed_forward = from.norm_if_there(at + "post_ffw_norm", c.width);
      layer.query_norm = from.norm_if_there(at + "attn_q_norm", c.head_dim);
      layer.key_norm = from.norm_if_there(at + "attn_k_norm", c.head_dim);
      if (from.has(at + "attn_qkv.weight")) {
        layer.qkv = from.projection(at + "attn_qkv", queries + 2 * keys, c.width);
      } else {
        layer.query = from.projection(at + "attn_q", queries, c.width);
        layer.key = from.projection(at + "attn_k", keys, c.width);
        layer.value = from.projection(at + "attn_v", keys, c.width);
      }
      layer.out = from.projection(at + "attn_output", c.width, queries);
      if (c.gated) layer.gate = from.projection(at + "ffn_gate", c.feed_forward, c.width);
      layer.up = from.projection(at + "ffn_up", c.feed_forward, c.width);
      layer.down = from.projection(at + "ffn_down", c.width, c.feed_forward);
      layers.push_back(std::move(layer));
    }
  }

  /// Where a pass stands: which rows belong to which cache and position.
  struct Row {
    KeyValueCache* cache;
    int64_t position;
  };

  /// Inputs of products, rounded once for all matrices that read them.
  struct Input {
    const float* x;
    int64_t count;
    bool dense;
    RoundedVectors rounded;
    Tensor narrow;  ///< in the dtype of the dense product
  };

  /// y [count, rows] = x · Wᵀ + bias.
  static void product(const Projection& p, Input& in, float* y) {
    const BlockMatrix& w = p.weight;
    if (!in.dense) {
      if (wants_rounded(w.type) && in.rounded.columns() != w.columns) in.rounded.round(in.x, in.count, w.columns);
      block_product(w, in.x, in.count, in.rounded, y);
    } else {
      const DType type = w.type == BlockType::f32 ? DType::f32 : compute_dtype();
      Tensor wide;
      const void* matrix = w.data;
      if (w.type != BlockType::f32) {
        wide = Tensor::empty({w.rows, w.columns}, type);
        parallel_for(w.rows, w.columns, [&](int64_t begin, int64_t end) {
          for (int64_t r = begin; r < end; ++r) {
            if (type == DType::f32)
              dequantize(w.type, w.row(r), w.columns, wide.data<float>() + r * w.columns);
            else
              dequantize(w.type, w.row(r), w.columns, wide.data<bf16>() + r * w.columns);
          }
        });
        matrix = wide.raw();
      }
      const void* a = in.x;
      if (type != DType::f32) {
        if (!in.narrow.defined()) in.narrow = cast(Tensor::wrap({in.count, w.columns}, DType::f32, in.x, nullptr), type);
        a = in.narrow.raw();
      }
      detail::GemmCall call;
      call.m = in.count, call.n = w.rows, call.k = w.columns;
      call.a = a, call.a_type = type;
      call.b = matrix, call.b_type = type, call.b_transposed = true;
      call.c = y, call.c_type = DType::f32;
      detail::gemm(call);
    }
    if (!p.bias.empty())
      for (int64_t i = 0; i < in.count; ++i)
        for (int64_t j = 0; j < w.rows; ++j) y[i * w.rows + j] += p.bias[static_cast<size_t>(j)];
  }

  void norm(const Norm& n, const float* x, int64_t rows, int64_t width, float* out) const {
    norm_rows(x, rows, width, n.weight.data(), n.bias.empty() ? nullptr : n.bias.data(), config.layer_norm, config.norm_eps, out);
  }

  /// Cosines and sines of a position for layers of either kind.
  void rotation(int64_t position, bool local, float* cosines, float* sines) const {
    const LanguageConfig& c = config;
    for (int64_t i = 0; i < c.rotated / 2; ++i) {
      const double base = static_cast<double>(local ? c.rope_local_base : c.rope_base);
      double frequency = std::pow(base, -2 * static_cast<double>(i) / static_cast<double>(c.rotated));
      if (!local) frequency /= static_cast<double>(c.rope_scale);
      if (!c.rope_factors.empty()) frequency /= static_cast<double>(c.rope_factors[static_cast<size_t>(i)]);
      const double angle = static_cast<double>(position) * frequency;
      cosines[i] = static_cast<float>(std::cos(angle));
      sines[i] = static_cast<float>(std::sin(angle));
    }
  }

  /// A prompt's queries against its cache, many at once: the queries of the heads that share keys are one matrix.
  void attend_densely(const KeyValueCache& cache, int64_t layer, const float* q, int64_t count, int64_t position, float* out) const {
    const LanguageConfig& c = config;
    const int64_t d = c.head_dim, group = c.heads / c.kv_heads, end = position + count;
    const int64_t begin = c.windowed(layer) ? std::max<int64_t>(0, position + 1 - c.window) : 0, seen = end - begin;
    Tensor bias = Tensor::empty({count * group, seen});
    for (int64_t i = 0; i < count; ++i) {
      const int64_t first = c.windowed(layer) ? std::max(begin, position + i + 1 - c.window) : begin;
      for (int64_t g = 0; g < group; ++g) {
        float* row = bias.data<float>() + (i * group + g) * seen;
        for (int64_t j = 0; j < seen; ++j) row[j] = begin + j < first || begin + j > position + i ? -INFINITY : 0;
      }
    }
    // All heads at once: one parallel region, and the copies are small beside the products.
    Tensor queries = Tensor::empty({c.kv_heads, count * group, d});
    const CachedKeys kept = cache.layer(layer);
    const DType type = kept.type == CacheType::f32 ? DType::f32 : kept.type == CacheType::bf16 ? DType::bf16 : compute_dtype();
    Tensor keys = Tensor::empty({c.kv_heads, seen, d}, type), values = Tensor::empty({c.kv_heads, seen, d}, type);
    const auto take = [&](Tensor& to, int64_t h, int64_t behind) {
      const auto item = static_cast<int64_t>(size_of(type));
      auto* out_row = static_cast<std::byte*>(to.raw()) + h * seen * d * item;
      std::vector<float> wide(static_cast<size_t>(d));
      for (int64_t j = begin; j < end;) {  // page by page
        const int64_t run = std::min(end, (j / kPagePositions + 1) * kPagePositions) - j;
        const std::byte* from = kept.pages[j / kPagePositions] + kept.offset(h, j) + behind;
        if (kept.type != CacheType::q8) {
          std::memcpy(out_row, from, static_cast<size_t>(run * d * item));
        } else {
          for (int64_t r = 0; r < run; ++r) {
            load_cached_row(kept.type, from + r * kept.row_bytes(), d, wide.data());
            store_cached_row(type == DType::f32 ? CacheType::f32 : CacheType::bf16, wide.data(), d, out_row + r * d * item);
          }
        }
        out_row += run * d * item;
        j += run;
      }
    };
    for (int64_t h = 0; h < c.kv_heads; ++h) {
      for (int64_t i = 0; i < count; ++i) std::copy_n(q + (i * c.heads + h * group) * d, group * d, queries.data<float>() + (h * count + i) * group * d);
      take(keys, h, 0);
      take(values, h, kept.page_bytes() / 2);
    }
    const Tensor asked = type == DType::f32 ? queries : cast(queries, type);
    const Tensor made = cast(attention(asked, keys, values, {.heads = 1, .bias = bias, .scale = c.scale_of(layer)}), DType::f32);
    for (int64_t h = 0; h < c.kv_heads; ++h)
      for (int64_t i = 0; i < count; ++i) std::copy_n(made.data<float>() + (h * count + i) * group * d, group * d, out + (i * c.heads + h * group) * d);
  }

  /// The states after the last norm, [rows, width]; keys and values of the rows are in their caches then. `dense`: the rows follow each other in one cache.
  std::vector<float> run(const std::vector<int32_t>& tokens, const std::vector<Row>& rows, bool dense) const {
    std::optional<ShortLoops> short_loops;
    if (!dense) short_loops.emplace();
    const LanguageConfig& c = config;
    const auto count = static_cast<int64_t>(rows.size());
    const int64_t queries = c.heads * c.head_dim, keys = c.kv_heads * c.head_dim;
    const auto buffer = [&](int64_t width) { return std::vector<float>(static_cast<size_t>(count * width)); };
    std::vector<float> x = buffer(c.width), h = buffer(c.width), q = buffer(queries), k = buffer(keys), v = buffer(keys), mixed = buffer(queries),
                       gate = buffer(c.feed_forward), up = buffer(c.gated ? c.feed_forward : 0), added = buffer(c.width);
    std::vector<float> qkv = buffer(layers[0].qkv.weight.defined() ? queries + 2 * keys : 0);
    for (int64_t i = 0; i < count; ++i) {
      float* to = x.data() + i * c.width;
      dequantize(embedding.type, embedding.row(tokens[static_cast<size_t>(i)]), c.width, to);
      if (c.embedding_scale != 1)
        for (int64_t j = 0; j < c.width; ++j) to[j] *= c.embedding_scale;
      if (c.learned_positions) {
        std::vector<float> place(static_cast<size_t>(c.width));
        dequantize(positions.type, positions.row(rows[static_cast<size_t>(i)].position), c.width, place.data());
        for (int64_t j = 0; j < c.width; ++j) to[j] += place[static_cast<size_t>(j)];
      }
    }
    const int64_t half = c.rotated / 2;
    std::vector<float> turns[2];  // cosines and sines of each row, for layers that see everything and for windowed ones
    if (!c.learned_positions)
      for (const int local : {0, 1}) {
        if (local && c.window == 0) break;
        turns[local].resize(static_cast<size_t>(count * 2 * half));
        for (int64_t i = 0; i < count; ++i) {
          float* at = turns[local].data() + i * 2 * half;
          // Mistral's windowed layers rotate as its others would; only Gemma has a base of its own for them.
          rotation(rows[static_cast<size_t>(i)].position, local && c.family == "gemma3", at, at + half);
        }
      }
    const auto input = [&](const std::vector<float>& from) { return Input{from.data(), count, dense, {}, {}}; };
    const auto add = [&](const Norm& after) {
      if (!after.weight.empty()) norm(after, added.data(), count, c.width, added.data());
      for (size_t i = 0; i < x.size(); ++i) x[i] += added[i];
    };
    for (int64_t l = 0; l < c.layers; ++l) {
      const Layer& layer = layers[static_cast<size_t>(l)];
      norm(layer.attention_norm, x.data(), count, c.width, h.data());
      Input in = input(h);
      if (layer.qkv.weight.defined()) {
        product(layer.qkv, in, qkv.data());
        for (int64_t i = 0; i < count; ++i) {
          const float* from = qkv.data() + i * (queries + 2 * keys);
          std::copy_n(from, queries, q.data() + i * queries);
          std::copy_n(from + queries, keys, k.data() + i * keys);
          std::copy_n(from + queries + keys, keys, v.data() + i * keys);
        }
      } else {
        product(layer.query, in, q.data());
        product(layer.key, in, k.data());
        product(layer.value, in, v.data());
      }
      if (!layer.query_norm.weight.empty()) norm(layer.query_norm, q.data(), count * c.heads, c.head_dim, q.data());
      if (!layer.key_norm.weight.empty()) norm(layer.key_norm, k.data(), count * c.kv_heads, c.head_dim, k.data());
      for (int64_t i = 0; i < count; ++i) {
        const Row& row = rows[static_cast<size_t>(i)];
        if (!c.learned_positions) {
          const float* turn = turns[c.windowed(l) ? 1 : 0].data() + i * 2 * half;
          rotate_heads(q.data() + i * queries, c.heads, c.head_dim, turn, turn + half, c.rotated, c.rotate_halves);
          rotate_heads(k.data() + i * keys, c.kv_heads, c.head_dim, turn, turn + half, c.rotated, c.rotate_halves);
        }
        row.cache->store(l, row.position, k.data() + i * keys, v.data() + i * keys);
      }
      if (dense) {
        attend_densely(*rows[0].cache, l, q.data(), count, rows[0].position, mixed.data());
      } else {
        for (int64_t i = 0; i < count; ++i) {
          const Row& row = rows[static_cast<size_t>(i)];
          const int64_t begin = c.windowed(l) ? std::max<int64_t>(0, row.position + 1 - c.window) : 0;
          cached_attention(row.cache->layer(l), q.data() + i * queries, c.heads, begin, row.position + 1, c.scale_of(l), mixed.data() + i * queries);
        }
      }
      Input heads = input(mixed);
      product(layer.out, heads, added.data());
      add(layer.after_attention);
      norm(layer.feed_forward_norm, x.data(), count, c.width, h.data());
      Input inner = input(h);
      if (c.gated) product(layer.gate, inner, gate.data());
      product(layer.up, inner, c.gated ? up.data() : gate.data());
      gate_rows(gate.data(), c.gated ? up.data() : nullptr, count * c.feed_forward, c.gelu ? Gate::gelu : Gate::silu);
      Input middle = input(gate);
      product(layer.down, middle, added.data());
      add(layer.after_feed_forward);
    }
    norm(final_norm, x.data(), count, c.width, x.data());
    return x;
  }

  /// Logits of some rows; always by the kernel that reads the matrix as it lies.
  std::vector<float> logits(const float* states, int64_t count) const {
    const ShortLoops short_loops;
    std::vector<float> out(static_cast<size_t>(count * config.vocabulary));
    constexpr int64_t kAtOnce = 32;
    for (int64_t i = 0; i < count; i += kAtOnce) {
      Input in{states + i * config.width, std::min(kAtOnce, count - i), false, {}, {}};
      product({output, {}}, in, out.data() + i * config.vocabulary);
    }
    return out;
  }

  void check_tokens(const std::vector<int32_t>& tokens) const {
    for (const int32_t token : tokens)
      if (token < 0 || token >= config.vocabulary)
        throw Failure({ErrorCode::invalid_argument, fmt::format("language model: token {} of a vocabulary of {}", token, config.vocabulary)});
  }
};

LanguageModel::LanguageModel(LanguageWeights weights) : state_(std::make_unique<State>(std::move(weights))) {}
LanguageModel::~LanguageModel() = default;
const LanguageConfig& LanguageModel::config() const { return state_->config; }
int64_t LanguageModel::weight_bytes() const { return state_->bytes; }

std::string LanguageModel::fingerprint() const {
  const LanguageConfig& c = state_->config;
  std::string text = fmt::format("{} {} {} {} {} {} {} {} {} {} {} {}", c.family, c.vocabulary, c.width, c.layers, c.heads, c.kv_heads, c.head_dim,
                                 c.feed_forward, c.context, c.window, c.rope_base, c.rope_scale);
  const auto add = [&](const BlockMatrix& m) {
    if (m.defined()) text.append(reinterpret_cast<const char*>(m.data), static_cast<size_t>(std::min<int64_t>(4096, m.rows * m.row_bytes())));
  };
  add(state_->embedding);
  add(state_->output);
  for (const Layer& layer : state_->layers)
    for (const Projection* p : {&layer.query, &layer.key, &layer.value, &layer.qkv, &layer.out, &layer.gate, &layer.up, &layer.down}) add(p->weight);
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
    std::vector<State::Row> rows;
    for (int64_t i = 0; i < n; ++i) rows.push_back({&cache, position + i});
    const std::vector<int32_t> part(tokens.begin() + at, tokens.begin() + at + n);
    cache.prepare(n);
    const std::vector<float> states = state_->run(part, rows, n > kFew);
    cache.advance(n);
    at += n;
    if (all_logits) {
      const auto more = state_->logits(states.data(), n);
      out.insert(out.end(), more.begin(), more.end());
    } else if (at == count) {
      out = state_->logits(states.data() + (n - 1) * config().width, 1);
    }
  }
  return out;
}

std::vector<float> LanguageModel::step(const std::vector<int32_t>& tokens, const std::vector<KeyValueCache*>& caches) const {
  PTAH_CHECK(tokens.size() == caches.size() && !tokens.empty(), "{} tokens for {} caches", tokens.size(), caches.size());
  state_->check_tokens(tokens);
  std::vector<State::Row> rows;
  for (KeyValueCache* cache : caches) {
    if (cache->length() >= std::min(cache->capacity(), config().learned_positions ? config().context : cache->capacity()))
      throw Failure({ErrorCode::invalid_argument, fmt::format("language model: the cache of {} tokens is full", cache->capacity())});
    rows.push_back({cache, cache->length()});
  }
  for (KeyValueCache* cache : caches) cache->prepare(1);
  const std::vector<float> states = state_->run(tokens, rows, false);
  for (KeyValueCache* cache : caches) cache->advance(1);
  return state_->logits(states.data(), static_cast<int64_t>(tokens.size()));
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

Result<LoadedLanguageModel> load_language_model(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  fs::path file = path;
  std::error_code ignored;
  if (fs::is_directory(path, ignored) && !fs::exists(path / "config.json", ignored)) {
    std::vector<fs::path> found;
    for (const auto& item : fs::directory_iterator(path, ignored))
      if (lower_case(item.path().extension().string()) == ".gguf") found.push_back(item.path());
    if (found.empty()) return fail(ErrorCode::not_found, "{}: neither a GGUF file nor config.json there", path.string());
    file = *std::min_element(found.begin(), found.end());
  }
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
