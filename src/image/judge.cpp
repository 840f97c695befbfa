#include "image/judge.h"

#include "base/parallel.h"

namespace ptah {

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, JudgeConfig>
void fields(C& c, const Visit& visit) {
  visit("size", c.size);
  visit("vocabulary", c.vocabulary);
  visit("word_width", c.word_width);
  visit("vector_width", c.vector_width);
  visit("widths", c.widths);
}

Json to_json(const JudgeConfig& c) { return json_of_fields(c); }

Result<JudgeConfig> judge_config(const Json& json) {
  PTAH_TRY(JudgeConfig c, fields_from_json<JudgeConfig>(json, "judge config"));
  bool good = c.size >= 16 && c.size <= 512 && c.size % 16 == 0 && c.vocabulary >= 3 && c.vocabulary <= (1 << 20) && c.word_width >= 1 &&
              c.word_width <= 4096 && c.vector_width >= 1 && c.vector_width <= 4096 && c.widths.size() == 3;
  for (const int64_t width : c.widths) good = good && width >= 1 && width <= 4096;
  if (!good) return fail(ErrorCode::corrupt, "judge config: values out of range in {}", json.dump());
  return c;
}

Judge::Judge(const Scope& scope, const JudgeConfig& config)
    : config_(config),
      in_(scope / "in", 64, config.widths[0], 3),
      picture_out_(scope / "picture_out", config.widths[2], config.vector_width),
      word_in_(scope / "word_in", config.word_width, config.vector_width),
      word_out_(scope / "word_out", config.vector_width, config.vector_width),
      words_(scope.weight("words", {config.vocabulary, config.word_width}, Init::normal, 0.5F)),
      log_sharpness_(f32_parameter(scope, "log_sharpness", {1}, Init::zeros)) {
  for (size_t level = 0; level < 3; ++level) {
    const Scope here = scope / "levels" / static_cast<int>(level);
    if (level > 0) down_.emplace_back(here / "down", config.widths[level - 1] * 4, config.widths[level]);
    blocks_.emplace_back(here, config.widths[level]);
  }
}

Tensor Judge::pictures(const Tensor& pictures, DType type) const {
  const int64_t shrink = pictures.dim(1) / config_.size;
  PTAH_CHECK(pictures.rank() == 4 && shrink * config_.size == pictures.dim(1) && pictures.dim(1) == pictures.dim(2), "judge: pictures {} for size {}",
             pictures.shape().str(), config_.size);
  const Tensor small = shrink == 1 ? pictures : avg_pool2d(pictures, {shrink, shrink, 0});
  Tensor x = in_(space_to_depth(cast(small, type), 4));
  for (size_t level = 0; level < blocks_.size(); ++level) {
    if (level > 0) x = down_[level - 1](space_to_depth(x, 2));
    x = blocks_[level](x);
  }
  const int64_t n = x.dim(0), places = x.dim(1) * x.dim(2), width = x.dim(3);
  const Tensor pooled = mean(silu(x).reshape({n, places, width}), 1).reshape({n, width});
  return of_length_one(cast(picture_out_(pooled), DType::f32));
}

Tensor Judge::prompts(const Tensor& ids, const Tensor& lengths) const {
  const int64_t n = ids.dim(0), words = ids.dim(1);
  Tensor share = Tensor::zeros({n, words, 1});
  if (!DryRun::active())
    for (int64_t b = 0; b < n; ++b) {
      const int64_t count = lengths.data<int32_t>()[b];
      for (int64_t t = 1; t < count; ++t) share.data<float>()[b * words + t] = 1 / static_cast<float>(count - 1);
    }
  const Tensor bag = sum(mul(embedding(words_, ids), share), 1).reshape({n, config_.word_width});
  return of_length_one(word_out_(word_in_(bag, Activation::silu)));
}

Tensor Judge::sharpness() const { return minimum(affine(exp(log_sharpness_), 14), Tensor::full({1}, 100)); }

}  // namespace ptah
