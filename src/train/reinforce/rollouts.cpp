#include "train/reinforce/rollouts.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/parallel.h"
#include "base/philox.h"
#include "train/language/network.h"

namespace ptah {

namespace {

constexpr uint64_t kRolloutStream = uint64_t{11} << 48;

/// Keys and values of one token after the other: those of the prompt, which a group shares, and an answer's own.
struct Past {
  const char* keys = nullptr;
  const char* values = nullptr;
  int64_t count = 0;
};

/// softmax(q · keys · scale) · values of one head; `head` is where the head begins in a row of `width` numbers. The last `window` tokens only, if it is not 0.
template <class T>
void attend_head(const Past* pasts, int64_t parts, const float* q, int64_t head, int64_t d, int64_t width, float scale, int64_t window,
                 std::vector<float>& scores, float* out) {
  int64_t total = 0;
  for (int64_t p = 0; p < parts; ++p) total += pasts[p].count;
  scores.resize(static_cast<size_t>(total));
  const int64_t first = window > 0 ? std::max<int64_t>(0, total - window) : 0;
  float max_score = -INFINITY;
  int64_t at = 0;
  for (int64_t p = 0; p < parts; ++p)
    for (int64_t t = 0; t < pasts[p].count; ++t, ++at) {
      if (at < first) continue;
      const T* key = reinterpret_cast<const T*>(pasts[p].keys) + t * width + head;
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t i = 0; i < d; ++i) sum += q[i] * to_float(key[i]);
      scores[static_cast<size_t>(at)] = sum * scale;
      max_score = std::max(max_score, sum * scale);
    }
  float whole = 0;
  for (int64_t i = first; i < total; ++i) whole += scores[static_cast<size_t>(i)] = std::exp(scores[static_cast<size_t>(i)] - max_score);
  std::fill_n(out, d, 0.0F);
  at = 0;
  for (int64_t p = 0; p < parts; ++p)
    for (int64_t t = 0; t < pasts[p].count; ++t, ++at) {
      if (at < first) continue;
      const T* value = reinterpret_cast<const T*>(pasts[p].values) + t * width + head;
      const float share = scores[static_cast<size_t>(at)] / whole;
      for (int64_t i = 0; i < d; ++i) out[i] += share * to_float(value[i]);
    }
}

/// A token by its probability; `uniform` in [0, 1).
int32_t drawn(const float* probabilities, int64_t count, float uniform) {
  double sum = 0;
  int32_t last = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (probabilities[i] <= 0) continue;
    sum += static_cast<double>(probabilities[i]);
    last = static_cast<int32_t>(i);
    if (static_cast<double>(uniform) < sum) return last;
  }
  return last;  // rounding left a little
}

}  // namespace

/// The answers that are being made.
struct Rollouts::Batch {
  std::vector<DecoderMemory> prompts;  ///< of each prompt [1, tokens, width of keys]
  std::vector<KeyValues> own;          ///< of each layer [answers, max_tokens, width of keys]
  std::vector<int64_t> alive;          ///< answers that go on; rows of a step are theirs
  std::vector<int64_t> length;         ///< tokens of each answer that were read
  int64_t group = 1;
};

Rollouts::Rollouts(Decoder& decoder, DType type) : source_(decoder), type_(type) {
  const NoGrad off;
  std::map<std::string, Tensor> made;
  for (const auto& [name, tensor] : weights_of(decoder)) {
    const bool matrix = tensor.rank() == 2;
    made.emplace(name, matrix ? cast(cast(tensor.detach(), DType::f32), type_) : cast(tensor.detach(), DType::f32));
  }
  weights_.emplace(std::move(made));
  merged_.emplace(*weights_, decoder.config);
  refresh();
}

void Rollouts::refresh() {
  const NoGrad off;
  std::map<std::string, const Linear*> adapted;
  source_.each_linear([&](const std::string& name, Linear& layer) {
    if (layer.adapter) adapted.emplace(name, &layer);
  });
  merged_->each_linear([&](const std::string& name, Linear& layer) {
    if (const auto found = adapted.find(name); found != adapted.end()) layer.weight = cast(merged_weight(*found->second), type_);
  });
}

Tensor Rollouts::attend(const TransformerBlock& block, size_t layer, const Tensor& x, Batch& batch, const Rotary& rotary) const {
  const Attention& a = block.attention;
  const auto rows = static_cast<int64_t>(batch.alive.size());
  const auto [q, k, v] = a.project(x, rotary);
  const Tensor queries = cast(q, DType::f32);
  const int64_t d = queries.dim(2) / a.heads, width = k.dim(2), shared = a.heads / a.kv_heads;
  const auto bytes = width * static_cast<int64_t>(size_of(type_));
  Tensor out = Tensor::empty({1, rows, a.heads * d});
  const float scale = a.scale != 0 ? a.scale : 1 / std::sqrt(static_cast<float>(d));
  char* own_keys = static_cast<char*>(batch.own[layer].keys.raw());
  char* own_values = static_cast<char*>(batch.own[layer].values.raw());
  const int64_t capacity = batch.own[layer].keys.dim(1);
  const char *new_keys = static_cast<const char*>(std::as_const(k).raw()), *new_values = static_cast<const char*>(std::as_const(v).raw());
  parallel_for(rows, a.heads * d * 256, [&](int64_t begin, int64_t end) {
    std::vector<float> scores;
    for (int64_t r = begin; r < end; ++r) {
      const int64_t answer = batch.alive[static_cast<size_t>(r)], length = batch.length[static_cast<size_t>(answer)], at = (answer * capacity + length) * bytes;
      std::copy_n(new_keys + r * bytes, bytes, own_keys + at);
      std::copy_n(new_values + r * bytes, bytes, own_values + at);
      const KeyValues& before = batch.prompts[static_cast<size_t>(answer / batch.group)][layer];
      const Past pasts[2] = {{static_cast<const char*>(before.keys.raw()), static_cast<const char*>(before.values.raw()), before.keys.dim(1)},
                             {own_keys + answer * capacity * bytes, own_values + answer * capacity * bytes, length + 1}};
      for (int64_t h = 0; h < a.heads; ++h) {
        const float* from = std::as_const(queries).data<float>() + (r * a.heads + h) * d;
        float* into = out.data<float>() + (r * a.heads + h) * d;
        if (type_ == DType::bf16)
          attend_head<bf16>(pasts, 2, from, h / shared * d, d, width, scale, a.window, scores, into);
        else
          attend_head<float>(pasts, 2, from, h / shared * d, d, width, scale, a.window, scores, into);
      }
    }
  });
  return a.out(cast(out, type_));
}

/// One token of every answer that goes on: logits [rows, vocabulary], f32.
Tensor Rollouts::step(Batch& batch, const std::vector<int32_t>& tokens) const {
  const LanguageConfig& config = merged_->config;
  const auto rows = static_cast<int64_t>(tokens.size());
  std::vector<int64_t> places;
  for (const int64_t answer : batch.alive)
    places.push_back(batch.prompts[static_cast<size_t>(answer / batch.group)].front().keys.dim(1) + batch.length[static_cast<size_t>(answer)]);
  Tensor x = merged_->embedded(Tensor::from({1, rows}, tokens), places, type_);
  const Decoder::Angles angles = merged_->angles(places);
  for (size_t l = 0; l < merged_->blocks.size(); ++l) {
    const TransformerBlock& block = merged_->blocks[l];
    const auto added = [&](const Norm& after, const Tensor& y) { return add(x, after.defined() ? after(y) : y); };
    x = added(block.after_attention, attend(block, l, block.attention_norm(x), batch, angles.of(block)));
    x = added(block.after_feed_forward, block.feed_forward(block.feed_forward_norm(x)));
  }
  for (const int64_t answer : batch.alive) ++batch.length[static_cast<size_t>(answer)];
  return cast(merged_->logits(merged_->final_norm(x)), DType::f32).reshape({rows, config.vocabulary});
}

std::vector<Rollout> Rollouts::sample(const std::vector<std::vector<int32_t>>& prompts, int64_t group, const RolloutOptions& options,
                                      const CancelToken* cancel) const {
  const NoGrad off;
  PTAH_CHECK(group > 0 && options.max_tokens > 0, "rollouts: groups of {}, {} tokens", group, options.max_tokens);
  const auto answers = static_cast<int64_t>(prompts.size()) * group;
  std::vector<Rollout> out(static_cast<size_t>(answers));
  std::vector<Random> random;
  for (int64_t i = 0; i < answers; ++i) random.emplace_back(options.seed, kRolloutStream + (options.stream << 20) + static_cast<uint64_t>(i));
  Batch batch;
  batch.group = group;
  batch.length.assign(static_cast<size_t>(answers), 0);
  std::vector<Tensor> first;
  for (const std::vector<int32_t>& prompt : prompts) {
    stop_if_cancelled(cancel);
    const auto n = static_cast<int64_t>(prompt.size());
    if (n == 0 || n + options.max_tokens > merged_->config.context)
      throw Failure({ErrorCode::invalid_argument,
                     fmt::format("a prompt of {} tokens and an answer of {}: the model sees {}", n, options.max_tokens, merged_->config.context)});
    const Tensor states = merged_->states(Tensor::from({1, n}, prompt), type_, &batch.prompts.emplace_back());
    first.push_back(cast(merged_->logits(slice(states, 1, n - 1, n)), DType::f32).reshape({1, merged_->config.vocabulary}));
  }
  for (size_t l = 0; l < merged_->blocks.size(); ++l) {
    const int64_t width = batch.prompts.empty() ? 1 : batch.prompts[0][l].keys.dim(2);
    batch.own.push_back({Tensor::empty({answers, options.max_tokens, width}, type_), Tensor::empty({answers, options.max_tokens, width}, type_)});
  }
  for (int64_t i = 0; i < answers; ++i) batch.alive.push_back(i);

  Tensor logits;
  for (int64_t t = 0; t < options.max_tokens && !batch.alive.empty(); ++t) {
    stop_if_cancelled(cancel);
    const auto rows = static_cast<int64_t>(batch.alive.size()), v = merged_->config.vocabulary;
    std::vector<int32_t> chosen(static_cast<size_t>(rows));
    const bool greedy = options.temperature == 0;
    std::vector<Tensor> shares;  // at the first token a group shares its prompt's
    const auto shares_of = [&](const Tensor& of) { return greedy ? of : softmax(options.temperature == 1 ? of : affine(of, 1 / options.temperature)); };
    if (t == 0)
      for (const Tensor& one : first) shares.push_back(shares_of(one));
    else
      shares.push_back(shares_of(logits));
    parallel_for(rows, v * 4, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const auto answer = static_cast<size_t>(batch.alive[static_cast<size_t>(r)]);
        const float* row = t == 0 ? std::as_const(shares[answer / static_cast<size_t>(group)]).data<float>() : std::as_const(shares[0]).data<float>() + r * v;
        chosen[static_cast<size_t>(r)] = greedy ? static_cast<int32_t>(std::max_element(row, row + v) - row) : drawn(row, v, random[answer].uniform());
      }
    });
    std::vector<int64_t> alive;
    std::vector<int32_t> next;
    for (size_t r = 0; r < chosen.size(); ++r) {
      Rollout& rollout = out[static_cast<size_t>(batch.alive[r])];
      rollout.tokens.push_back(chosen[r]);
      rollout.ended = std::find(options.stop_tokens.begin(), options.stop_tokens.end(), chosen[r]) != options.stop_tokens.end();
      if (rollout.ended) continue;
      alive.push_back(batch.alive[r]);
      next.push_back(chosen[r]);
    }
    batch.alive = std::move(alive);
    if (t + 1 < options.max_tokens && !batch.alive.empty()) logits = step(batch, next);
  }
  return out;
}

}  // namespace ptah
