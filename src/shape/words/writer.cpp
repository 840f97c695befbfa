#include "shape/words/writer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/parallel.h"

namespace ptah {

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, ShapeWriterConfig>
void fields(C& c, const Visit& visit) {
  visit("text_width", c.text_width);
  visit("text_tokens", c.text_tokens);
  visit("tokens", c.tokens);
  visit("width", c.width);
  visit("heads", c.heads);
  visit("layers", c.layers);
  visit("hidden", c.hidden);
}

Json to_json(const ShapeWriterConfig& config) { return json_of_fields(config); }

Result<ShapeWriterConfig> shape_writer_config(const Json& json) {
  PTAH_TRY(ShapeWriterConfig c, fields_from_json<ShapeWriterConfig>(json, "shape writer config"));
  const auto in = [](int64_t value, int64_t low, int64_t high) { return value >= low && value <= high; };
  if (!in(c.text_width, 1, 8192) || !in(c.text_tokens, 4, 512) || !in(c.tokens, 3, 65536) || !in(c.width, 16, 4096) || !in(c.heads, 1, 64) ||
      c.width % (2 * c.heads) != 0 || !in(c.layers, 1, 64) || !in(c.hidden, 16, 16384))
    return fail(ErrorCode::corrupt, "shape writer config: values out of range in {}", json.dump());
  return c;
}

namespace {

Norm rms(const Scope& scope, const std::string& name, int64_t width) {
  Norm out;
  out.args.weight = f32_parameter(scope, name, {width}, Init::ones);
  return out;
}

TransformerBlock writer_block(const Scope& scope, const ShapeWriterConfig& c) {
  TransformerBlock out;
  const float small = 1 / std::sqrt(2.0F * static_cast<float>(c.layers));  // what is added to the residual stream, as in GPT-2
  out.attention_norm = rms(scope, "attention_norm", c.width);
  out.feed_forward_norm = rms(scope, "feed_forward_norm", c.width);
  out.attention.heads = out.attention.kv_heads = c.heads;
  out.attention.query = Linear(scope / "query", c.width, c.width, false);
  out.attention.key = Linear(scope / "key", c.width, c.width, false);
  out.attention.value = Linear(scope / "value", c.width, c.width, false);
  out.attention.out = Linear(scope / "out", c.width, c.width, false, small);
  out.feed_forward.gate = Linear(scope / "gate", c.width, c.hidden, false);
  out.feed_forward.up = Linear(scope / "up", c.width, c.hidden, false);
  out.feed_forward.down = Linear(scope / "down", c.hidden, c.width, false, small);
  return out;
}

}  // namespace

ShapeWriter::ShapeWriter(const Scope& scope, const ShapeWriterConfig& config)
    : config_(config),
      text_in_(scope / "text_in", config.text_width, config.width, false),
      table_(scope.weight("table", {config.tokens, config.width}, Init::normal, 0.5F)),
      norm_(rms(scope, "norm", config.width)),
      out_(scope / "logits", config.width, config.tokens, false) {
  for (int64_t i = 0; i < config.layers; ++i) blocks_.push_back(writer_block(scope / "blocks" / static_cast<int>(i), config));
}

Tensor ShapeWriter::run(const Tensor& start, std::span<const int64_t> positions, std::vector<KeyValues>* past) const {
  const Rotary rotary(rotary_frequencies(config_.width / config_.heads / 2, 10000, 1, {}), positions, true);
  Tensor x = start;
  for (size_t i = 0; i < blocks_.size(); ++i) x = blocks_[i](x, {.rotary = rotary, .past = past ? &(*past)[i] : nullptr});
  return norm_(x);
}

Tensor ShapeWriter::embedded(const Tensor& ids, DType type) const { return embedding(table_, ids, type); }

Tensor ShapeWriter::operator()(const Tensor& states, const Tensor& ids, DType type) const {
  const int64_t text = config_.text_tokens, n = ids.dim(1);
  std::vector<int64_t> positions(static_cast<size_t>(text + n));
  std::iota(positions.begin(), positions.end(), 0);
  const Tensor x = concat({text_in_(cast(states, type)), embedded(ids, type)}, 1);
  return cast(out_(slice(run(x, positions, nullptr), 1, text, text + n)), DType::f32);
}

namespace {

/// The token with the highest logit of those that may follow, and its probability among them.
std::pair<int32_t, float> likeliest(std::span<const float> logits, const std::vector<uint8_t>& allowed, int32_t fallback) {
  int32_t best = fallback;
  float largest = std::numeric_limits<float>::lowest();
  for (size_t i = 0; i < logits.size(); ++i)
    if (allowed[i] && logits[i] > largest) largest = logits[i], best = static_cast<int32_t>(i);
  double sum = 0;
  for (size_t i = 0; i < logits.size(); ++i)
    if (allowed[i]) sum += std::exp(static_cast<double>(logits[i] - largest));
  return {best, static_cast<float>(1 / sum)};
}

}  // namespace

Result<Writing> ShapeWriter::write(const Tensor& states, const ShapeTokens& tokens, DType type, const CancelToken* cancel, float* certainty) const {
  if (certainty) *certainty = 1;
  std::vector<KeyValues> past(blocks_.size());
  std::vector<int64_t> positions(static_cast<size_t>(config_.text_tokens));
  std::iota(positions.begin(), positions.end(), 0);
  (void)run(text_in_(cast(states, type)), positions, &past);
  std::vector<int32_t> ids;
  int32_t last = tokens.begin();
  while (ids.empty() || ids.back() != tokens.end()) {
    if (cancel) PTAH_TRY_VOID(cancel->check());
    const std::array<int64_t, 1> here{config_.text_tokens + static_cast<int64_t>(ids.size())};
    const Tensor state = run(embedded(Tensor::from({1, 1}, std::vector<int32_t>{last}), type), here, &past);
    const Tensor logits = cast(out_(state), DType::f32);
    if (DryRun::active()) break;
    const auto [best, probability] = likeliest({logits.data<float>(), static_cast<size_t>(tokens.size())}, tokens.allowed(ids), tokens.end());
    if (certainty && tokens.is_kind(best)) *certainty = std::min(*certainty, probability);
    ids.push_back(last = best);
  }
  if (DryRun::active()) return Writing{};
  return tokens.decode(ids);
}

}  // namespace ptah
