#include "text/translate/translation_model.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/file.h"
#include "base/parallel.h"
#include "tensor/device.h"
#include "tensor/lstm.h"
#include "weights/safetensors.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

Tensor dropped(const Drop& drop, const Tensor& x) { return drop ? drop(x) : x; }

/// [count, width]
Tensor places_from(int64_t first, int64_t count, int64_t width, DType type) {
  Tensor places = Tensor::empty({count});
  if (!DryRun::active())
    for (int64_t i = 0; i < count; ++i) places.data<float>()[i] = static_cast<float>(first + i);
  return cast(sinusoids(places, width), type);
}

/// How much one query looks at each of `length` keys, the mean of all heads, added to `to` divided by `share`.
void add_attention(const Tensor& query, const Tensor& keys, int64_t heads, int64_t length, float share, std::vector<float>& to) {
  const NoGrad off;
  const Tensor q = cast(query, DType::f32), k = cast(keys, DType::f32);
  const int64_t width = q.dim(2), d = width / heads;
  to.resize(static_cast<size_t>(length));
  for (int64_t h = 0; h < heads; ++h) {
    std::vector<float> scores(static_cast<size_t>(length));
    for (int64_t i = 0; i < length; ++i) {
      double sum = 0;
      for (int64_t e = 0; e < d; ++e) sum += static_cast<double>(q.data<float>()[h * d + e]) * static_cast<double>(k.data<float>()[i * width + h * d + e]);
      scores[static_cast<size_t>(i)] = static_cast<float>(sum / std::sqrt(static_cast<double>(d)));
    }
    const float max_score = *std::max_element(scores.begin(), scores.end());
    float sum = 0;
    for (float& score : scores) sum += score = std::exp(score - max_score);
    for (int64_t i = 0; i < length; ++i) to[static_cast<size_t>(i)] += scores[static_cast<size_t>(i)] / sum / static_cast<float>(heads) / share;
  }
}

/// What both kinds have: tables of embeddings, the target's being the output's too.
struct Tables {
  Tensor source, target;
  float scale;
  Tables(const Scope& scope, const TranslationConfig& c)
      : source(scope.weight("source.table", {static_cast<int64_t>(c.source_vocabulary.size()) + kSpecialTokens, c.width}, Init::normal,
                            1 / std::sqrt(static_cast<float>(c.width)))),
        target(scope.weight("target.table", {static_cast<int64_t>(c.target_vocabulary.size()) + kSpecialTokens, c.width}, Init::normal,
                            1 / std::sqrt(static_cast<float>(c.width)))),
        scale(std::sqrt(static_cast<float>(c.width))) {}
  Tensor embed(const Tensor& table, const Tensor& ids, DType type) const { return affine(embedding(table, ids, type), scale); }
};

Attention self_attention_of(const Scope& scope, const TranslationConfig& c, bool causal) {
  Attention out;
  out.heads = out.kv_heads = c.heads;
  out.causal = causal;
  out.query = Linear(scope / "query", c.width, c.width);
  out.key = Linear(scope / "key", c.width, c.width);
  out.value = Linear(scope / "value", c.width, c.width);
  out.out = Linear(scope / "out", c.width, c.width, true, 0.5F);
  return out;
}

FeedForward feed_forward_of(const Scope& scope, const TranslationConfig& c) {
  FeedForward out;
  out.activation = Activation::relu;
  out.up = Linear(scope / "up", c.width, c.feed_forward);
  out.down = Linear(scope / "down", c.feed_forward, c.width, true, 0.5F);
  return out;
}

class TransformerTranslation : public TranslationNetwork {
 public:
  TransformerTranslation(const TranslationConfig& config, Weights& weights) : c_(config), tables_(Scope(weights), config) {
    output = tables_.target;
    for (int64_t l = 0; l < c_.layers; ++l) {
      const Scope reads = Scope(weights) / "reader" / static_cast<int>(l), writes = Scope(weights) / "writer" / static_cast<int>(l);
      reader_.push_back({Norm(reads / "attention_norm", c_.width, true), Norm(reads / "feed_forward_norm", c_.width, true),
                         self_attention_of(reads / "attention", c_, false), feed_forward_of(reads / "feed_forward", c_)});
      writer_.push_back({Norm(writes / "attention_norm", c_.width, true), Norm(writes / "source_norm", c_.width, true),
                         Norm(writes / "feed_forward_norm", c_.width, true), self_attention_of(writes / "attention", c_, true),
                         Linear(writes / "source" / "query", c_.width, c_.width), Linear(writes / "source" / "key", c_.width, c_.width),
                         Linear(writes / "source" / "value", c_.width, c_.width), Linear(writes / "source" / "out", c_.width, c_.width, true, 0.5F),
                         feed_forward_of(writes / "feed_forward", c_)});
    }
    reader_norm_ = Norm(Scope(weights) / "reader_norm", c_.width, true);
    writer_norm_ = Norm(Scope(weights) / "writer_norm", c_.width, true);
  }

  Tensor read(const Tensor& source, const Tensor& lengths, DType type, const Drop& drop) const override {
    Tensor x = dropped(drop, add(tables_.embed(tables_.source, source, type), places_from(0, source.dim(1), c_.width, type)));
    AttentionContext context;
    context.key_lengths = lengths;
    for (const ReaderLayer& layer : reader_) {
      x = add(x, dropped(drop, layer.attention(layer.attention_norm(x), context)));
      x = add(x, dropped(drop, layer.feed_forward(layer.feed_forward_norm(x))));
    }
    return reader_norm_(x);
  }

  Tensor write(const Tensor& target, const Tensor& source_states, const Tensor& lengths, DType type, const Drop& drop) const override {
    WritingState state;
    state.source = source_states;
    state.lengths = lengths;
    return written(target, state, type, drop);
  }

  WritingState begin(const Tensor& source_states, const Tensor& lengths) const override {
    WritingState out;
    out.source = source_states;
    out.lengths = lengths;
    out.past.resize(writer_.size());
    return out;
  }

  Tensor next(const Tensor& tokens, WritingState& state, DType type) const override {
    if (state.attention) state.attention->emplace_back();
    Tensor out = written(tokens, state, type, {});
    ++state.place;
    return out;
  }

 private:
  struct ReaderLayer {
    Norm attention_norm, feed_forward_norm;
    Attention attention;
    FeedForward feed_forward;
  };
  struct WriterLayer {
    Norm attention_norm, source_norm, feed_forward_norm;
    Attention attention;
    Linear query, key, value, out;  ///< to the source
    FeedForward feed_forward;
  };

  Tensor written(const Tensor& target, WritingState& state, DType type, const Drop& drop) const {
    Tensor x = dropped(drop, add(tables_.embed(tables_.target, target, type), places_from(state.place, target.dim(1), c_.width, type)));
    AttentionContext context;
    for (size_t l = 0; l < writer_.size(); ++l) {
      const WriterLayer& layer = writer_[l];
      context.past = state.past.empty() ? nullptr : &state.past[l];
      x = add(x, dropped(drop, layer.attention(layer.attention_norm(x), context)));
      const Tensor query = layer.query(layer.source_norm(x)), key = layer.key(state.source), value = layer.value(state.source);
      AttentionArgs args;
      args.heads = c_.heads;
      args.key_lengths = state.lengths;
      if (state.attention) add_attention(query, key, c_.heads, state.source.dim(1), static_cast<float>(writer_.size()), state.attention->back());
      x = add(x, dropped(drop, layer.out(attention(query, key, value, args))));
      x = add(x, dropped(drop, layer.feed_forward(layer.feed_forward_norm(x))));
    }
    return writer_norm_(x);
  }

  TranslationConfig c_;
  Tables tables_;
  std::vector<ReaderLayer> reader_;
  std::vector<WriterLayer> writer_;
  Norm reader_norm_, writer_norm_;
};

Tensor swapped(const Tensor& x) { return permute(x, {1, 0, 2}); }

/// Sums of what comes in, and the weight of what is remembered.
struct LstmLayer {
  Linear in;
  Tensor recurrent;
  LstmLayer(const Scope& scope, int64_t width_in, int64_t width)
      : in(scope / "in", width_in, 4 * width), recurrent(scope.weight("recurrent.weight", {4 * width, width}, Init::fan_in, 1)) {}
};

class LstmTranslation : public TranslationNetwork {
 public:
  LstmTranslation(const TranslationConfig& config, Weights& weights) : c_(config), tables_(Scope(weights), config) {
    output = tables_.target;
    for (int64_t l = 0; l < c_.layers; ++l) {
      const Scope reads = Scope(weights) / "reader" / static_cast<int>(l), writes = Scope(weights) / "writer" / static_cast<int>(l);
      forwards_.emplace_back(reads / "forwards", c_.width, c_.width / 2);
      backwards_.emplace_back(reads / "backwards", c_.width, c_.width / 2);
      writer_.emplace_back(writes, c_.width, c_.width);
      bridge_.emplace_back(writes / "begin", c_.width, c_.width);
    }
    query_ = Linear(Scope(weights) / "query", c_.width, c_.width, false);
    joined_ = Linear(Scope(weights) / "joined", 2 * c_.width, c_.width);
  }

  Tensor read(const Tensor& source, const Tensor& lengths, DType type, const Drop& drop) const override {
    Tensor x = swapped(dropped(drop, tables_.embed(tables_.source, source, type)));
    for (size_t l = 0; l < forwards_.size(); ++l) {
      const Tensor there = lstm(forwards_[l].in(x), forwards_[l].recurrent, {.lengths = lengths}),
                   back = lstm(backwards_[l].in(x), backwards_[l].recurrent, {.lengths = lengths, .reverse = true});
      x = dropped(drop, concat({there, back}, 2));
    }
    return swapped(x);
  }

  Tensor write(const Tensor& target, const Tensor& source_states, const Tensor& lengths, DType type, const Drop& drop) const override {
    Tensor x = swapped(dropped(drop, tables_.embed(tables_.target, target, type)));
    const Tensor seen = summary(source_states);
    for (size_t l = 0; l < writer_.size(); ++l) x = dropped(drop, lstm(writer_[l].in(x), writer_[l].recurrent, {.state = bridge_[l](seen, Activation::tanh)}));
    return dropped(drop, attended(swapped(x), source_states, lengths));
  }

  WritingState begin(const Tensor& source_states, const Tensor& lengths) const override {
    WritingState out;
    out.source = source_states;
    out.lengths = lengths;
    const Tensor seen = summary(source_states);
    for (const Linear& bridge : bridge_) {
      out.states.push_back(bridge(seen, Activation::tanh));
      out.cells.push_back(Tensor::zeros({seen.dim(0), c_.width}));
    }
    return out;
  }

  Tensor next(const Tensor& tokens, WritingState& state, DType type) const override {
    Tensor x = swapped(tables_.embed(tables_.target, tokens, type));
    for (size_t l = 0; l < writer_.size(); ++l) {
      Tensor cell;
      x = lstm(writer_[l].in(x), writer_[l].recurrent, {.state = state.states[l], .cell = state.cells[l], .last_cell = &cell});
      state.states[l] = x.reshape({x.dim(1), x.dim(2)});
      state.cells[l] = cell;
    }
    const Tensor states = swapped(x);
    if (state.attention) {
      state.attention->emplace_back();
      add_attention(query_(states), state.source, 1, state.source.dim(1), 1, state.attention->back());
    }
    ++state.place;
    return attended(states, state.source, state.lengths);
  }

 private:
  /// Behind the last token forwards, behind the first one backwards: [b, width]. States stay as they are behind a source's end.
  Tensor summary(const Tensor& states) const {
    const int64_t n = states.dim(1), half = c_.width / 2;
    const Tensor there = slice(slice(states, 1, n - 1, n), 2, 0, half), back = slice(slice(states, 1, 0, 1), 2, half, 2 * half);
    return concat({there, back}, 2).reshape({states.dim(0), c_.width});
  }
  Tensor attended(const Tensor& states, const Tensor& source, const Tensor& lengths) const {
    AttentionArgs args;
    args.key_lengths = lengths;
    return joined_(concat({states, attention(query_(states), source, source, args)}, 2), Activation::tanh);
  }

  TranslationConfig c_;
  Tables tables_;
  std::vector<LstmLayer> forwards_, backwards_, writer_;
  std::vector<Linear> bridge_;
  Linear query_, joined_;
};

}  // namespace

void WritingState::take_rows(const std::vector<int32_t>& rows) {
  const Tensor ids = Tensor::from({static_cast<int64_t>(rows.size())}, rows);
  const auto take = [&](Tensor& x) {
    if (x.defined()) x = gather(x, ids);
  };
  for (KeyValues& one : past) take(one.keys), take(one.values);
  for (Tensor& one : states) take(one);
  for (Tensor& one : cells) take(one);
}

std::unique_ptr<TranslationNetwork> make_translation_network(const TranslationConfig& config, Weights& weights) {
  if (config.kind == "lstm") return std::make_unique<LstmTranslation>(config, weights);
  return std::make_unique<TransformerTranslation>(config, weights);
}

TokenRows token_rows(const std::vector<std::vector<int32_t>>& rows, int32_t filler) {
  size_t longest = 1;
  for (const auto& row : rows) longest = std::max(longest, row.size());
  const auto count = static_cast<int64_t>(rows.size()), width = static_cast<int64_t>(longest);
  TokenRows out{Tensor::empty({count, width}, DType::i32), Tensor::empty({count}, DType::i32)};
  for (int64_t i = 0; i < count; ++i) {
    const auto& row = rows[static_cast<size_t>(i)];
    int32_t* to = out.ids.data<int32_t>() + i * width;
    std::fill(std::copy(row.begin(), row.end(), to), to + width, filler);
    out.lengths.data<int32_t>()[i] = static_cast<int32_t>(std::max<size_t>(row.size(), 1));
  }
  return out;
}

namespace {

struct Beam {
  std::vector<int32_t> tokens;
  double score = 0;
  bool over = false;
  double rank(float penalty) const { return score / std::pow(static_cast<double>(tokens.size() + 1), static_cast<double>(penalty)); }
};

/// The beams of one source a token further: beams whose ends came stay. `logits`: [beams, vocabulary] of them. `from`: which beam each goes on from.
std::vector<Beam> beams_further(const std::vector<Beam>& beams, const float* likely, int64_t vocabulary, int64_t width, float penalty,
                                std::vector<int32_t>& from) {
  struct Next {
    double score, rank;
    int32_t beam, token;
  };
  std::vector<Next> all;
  for (size_t b = 0; b < beams.size(); ++b) {
    if (beams[b].over) {
      all.push_back({beams[b].score, beams[b].rank(penalty), static_cast<int32_t>(b), -1});
      continue;
    }
    const float* row = likely + static_cast<int64_t>(b) * vocabulary;
    std::vector<int32_t> best(static_cast<size_t>(vocabulary));
    std::iota(best.begin(), best.end(), 0);
    const auto kept = std::min<int64_t>(width, vocabulary);
    std::partial_sort(best.begin(), best.begin() + kept, best.end(), [&](int32_t x, int32_t y) { return row[x] != row[y] ? row[x] > row[y] : x < y; });
    for (int64_t i = 0; i < kept; ++i) {
      const int32_t token = best[static_cast<size_t>(i)];
      const double score = beams[b].score + static_cast<double>(row[token]);
      all.push_back({score, score / std::pow(static_cast<double>(beams[b].tokens.size() + 2), static_cast<double>(penalty)), static_cast<int32_t>(b), token});
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const Next& x, const Next& y) { return x.rank > y.rank; });
  std::vector<Beam> out;
  for (size_t i = 0; i < all.size() && static_cast<int64_t>(out.size()) < width; ++i) {
    Beam beam = beams[static_cast<size_t>(all[i].beam)];
    beam.score = all[i].score;
    if (all[i].token == kEndToken)
      beam.over = true;
    else if (all[i].token >= 0)
      beam.tokens.push_back(all[i].token);
    from.push_back(all[i].beam);
    out.push_back(std::move(beam));
  }
  while (static_cast<int64_t>(out.size()) < width) out.push_back(out.back()), from.push_back(from.back());  // of tiny vocabularies
  return out;
}

}  // namespace

std::vector<std::vector<int32_t>> translated(const TranslationNetwork& network, const std::vector<std::vector<int32_t>>& sources, int64_t max_units, DType type,
                                             const TranslationOptions& options, const CancelToken* cancel) {
  const NoGrad off;
  const auto count = sources.size();
  if (count == 0) return {};
  const int64_t width = std::max<int64_t>(1, options.beams);
  std::vector<std::vector<int32_t>> repeated;
  for (const auto& source : sources)
    for (int64_t b = 0; b < width; ++b) repeated.push_back(source.empty() ? std::vector<int32_t>{kEndToken} : source);
  const TokenRows rows = token_rows(repeated);
  WritingState state = network.begin(network.read(rows.ids, rows.lengths, type), rows.lengths);
  std::vector<std::vector<Beam>> beams(count, std::vector<Beam>(static_cast<size_t>(width)));
  std::vector<int32_t> last(repeated.size(), kBeginToken);
  for (int64_t place = 0; place < max_units; ++place) {
    stop_if_cancelled(cancel);
    const Tensor states = network.next(Tensor::from({static_cast<int64_t>(last.size()), 1}, last), state, type);
    const Tensor likely = log_softmax(cast(linear(states, network.output), DType::f32));
    const int64_t vocabulary = likely.dim(2);
    std::vector<int32_t> from;
    bool all_over = true;
    for (size_t s = 0; s < count; ++s) {
      std::vector<int32_t> mine;
      const float* row = likely.data<float>() + static_cast<int64_t>(s) * width * vocabulary;
      if (place == 0) beams[s].resize(1);  // all are alike yet
      beams[s] = beams_further(beams[s], row, vocabulary, width, options.length_penalty, mine);
      for (int64_t b = 0; b < width; ++b) {
        const Beam& beam = beams[s][static_cast<size_t>(b)];
        from.push_back(static_cast<int32_t>(static_cast<int64_t>(s) * width) + mine[static_cast<size_t>(b)]);
        last[s * static_cast<size_t>(width) + static_cast<size_t>(b)] = beam.over || beam.tokens.empty() ? kEndToken : beam.tokens.back();
      }
      all_over = all_over && beams[s][0].over;
    }
    if (all_over) break;
    state.take_rows(from);
  }
  std::vector<std::vector<int32_t>> out;
  for (const auto& mine : beams) {
    const auto best = std::max_element(mine.begin(), mine.end(), [&](const Beam& a, const Beam& b) {
      return a.over != b.over ? b.over : a.rank(options.length_penalty) < b.rank(options.length_penalty);
    });
    out.push_back(best->tokens);
  }
  return out;
}

Translator::Translator(TranslationConfig config, std::map<std::string, Tensor> weights)
    : config_(std::move(config)), source_(config_.source_vocabulary), target_(config_.target_vocabulary), weights_(std::move(weights)) {
  network_ = make_translation_network(config_, weights_);
}

Result<std::shared_ptr<const Translator>> Translator::load(const fs::path& folder) {
  const fs::path file = folder / "translation.json";
  if (!fs::exists(file)) return fail(ErrorCode::not_found, "{}: no translation.json there; ptah train translate makes such a folder", folder.string());
  PTAH_TRY(const std::string text, read_text(file, size_t{64} << 20));
  PTAH_TRY(const Json json, parse_json(text));
  PTAH_TRY(TranslationConfig config, translation_config(json));
  PTAH_TRY(TensorFile weights, read_safetensors(folder / "model.safetensors"));
  return guard([&]() -> Result<std::shared_ptr<const Translator>> {
    return std::shared_ptr<const Translator>(new Translator(std::move(config), std::move(weights.tensors)));
  });
}

std::vector<std::string> Translator::translate(const std::vector<std::string>& texts, const TranslationOptions& options, const CancelToken* cancel) const {
  std::vector<std::vector<int32_t>> sources;
  for (const std::string& text : texts) sources.push_back(source_.tokens_of(units_of(text, config_.source_units)));
  std::vector<std::string> out;
  for (const auto& tokens : translated(*network_, sources, config_.max_units, compute_dtype(), options, cancel)) {
    std::vector<std::string> units;
    for (const int32_t token : tokens) units.push_back(target_.unit_of(token));
    out.push_back(joined_units(units, config_.target_units));
  }
  return out;
}

Translator::Looked Translator::look(const std::string& text) const {
  const NoGrad off;
  Looked out;
  out.source = units_of(text, config_.source_units);
  if (out.source.empty()) return out;
  const TokenRows row = token_rows({source_.tokens_of(out.source)});
  const DType type = compute_dtype();
  WritingState state = network_->begin(network_->read(row.ids, row.lengths, type), row.lengths);
  state.attention = &out.weights;
  int32_t last = kBeginToken;
  for (int64_t place = 0; place < config_.max_units; ++place) {
    const Tensor states = network_->next(Tensor::from({1, 1}, std::vector<int32_t>{last}), state, type);
    const Tensor logits = cast(linear(states, network_->output), DType::f32);
    const auto all = std::as_const(logits).span<float>();
    last = static_cast<int32_t>(std::max_element(all.begin(), all.end()) - all.begin());
    if (last == kEndToken) break;
    out.target.push_back(target_.unit_of(last));
  }
  return out;
}

}  // namespace ptah
